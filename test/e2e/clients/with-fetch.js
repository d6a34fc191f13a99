// A page and an upload by fetch, of Node.js or Bun: BASE-URL NAME CA-FILE BODY-FILE. Prints what came back.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [base, name, ca, bodyFile] = process.argv.slice(2)
// Node.js takes the certificate from its environment, Bun from here.
const tls = { ca: readFileSync(ca) }

async function told(response) {
  const content = new Uint8Array(await response.arrayBuffer())
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { status: response.status, headers: Object.fromEntries(response.headers), sha256 }
}

const headers = { 'X-Client': name }
const page = await told(await fetch(`${base}/page/${name}?q=1`, { headers, tls }))
const body = readFileSync(bodyFile)
const echo = await told(await fetch(`${base}/echo/${name}`, { method: 'POST', headers, body, tls }))
console.log(JSON.stringify([page, echo]))
