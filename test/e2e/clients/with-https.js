// A page and an upload by node:https on one connection: BASE-URL NAME CA-FILE BODY-FILE. Prints what came back.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'

const [base, name, ca, bodyFile] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(ca) })

async function ask(method, path, body) {
  const asked = request(`${base}${path}`, { agent, method, headers: { 'X-Client': name } }).end(body)
  const [response] = await once(asked, 'response')
  const hash = createHash('sha256')
  for await (const bytes of response) hash.update(bytes)
  return { status: response.statusCode, headers: response.headers, sha256: hash.digest('hex') }
}

const page = await ask('GET', `/page/${name}?q=1`)
const echo = await ask('POST', `/echo/${name}`, readFileSync(bodyFile))
console.log(JSON.stringify([page, echo]))
agent.destroy()
