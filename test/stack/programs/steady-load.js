// Asks for BASE/load/0, BASE/load/1 and so on, RATE times a second for SECONDS, whatever the answers take.
// Says `{"sent":…,"answered":…}` at its end.
import { Agent, get } from 'node:http'

const [base, rate, seconds, connections] = process.argv.slice(2)
const TICK_MS = 10
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })
const due = Number(rate) * Number(seconds)
const started = performance.now()
let sent = 0
let ended = 0
let answered = 0

const ticks = setInterval(() => {
  const soFar = Math.min(due, ((performance.now() - started) / 1000) * Number(rate))
  while (sent < soFar) ask(sent++)
  if (sent >= due) clearInterval(ticks)
}, TICK_MS)

function ask(number) {
  const asked = get(`${base}/load/${number}`, { agent }, (response) => {
    response.resume()
    response.once('end', () => {
      answered += 1
      over()
    })
  })
  asked.once('error', over)
}

function over() {
  ended += 1
  if (ended < due) return
  agent.destroy()
  process.stdout.write(`${JSON.stringify({ sent, answered })}\n`)
}
