import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NGINX, type Nginx, startNginx } from '../support/nginx.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const WRK = pathOf('wrk')
const SHORT_LIVED = 200
const STOP_MS_MAX = 5_000
const PEAK_BYTES_MAX = 200 << 20

let workshop: Workshop
let certificate: Certificate
let nginx: Nginx
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  nginx = await startNginx(workshop, certificate, 9)
  nginx.publish('page.txt', 'A page')
})
afterAll(() => workshop.close())

test('of 200 short-lived programs at once, each exchange is seen and told apart', async () => {
  const agent = await startWatching(workshop)
  const urls = Array.from(
    { length: SHORT_LIVED },
    (_, index) => `${index % 2 === 0 ? nginx.plain : nginx.tls}/files/page.txt?short=${index}`,
  )
  await Promise.all(
    urls.map((url) => workshop.run(CURL, ['-sS', '--cacert', certificate.certificateFile, url])),
  )
  for (const [exe, direction] of [
    [CURL, 'egress-external'],
    [NGINX, 'ingress'],
  ]) {
    const isOne = (one: { exe: string; url: string }) => one.exe === exe && one.url.includes('?short=')
    const exchanges = await agent.exchanges.until(isOne, SHORT_LIVED)
    expect(exchanges.map(({ url }) => url).sort()).toEqual([...urls].sort())
    for (const captured of exchanges) {
      expect(captured).toMatchObject({ direction, status: 200, completeness: 'complete' })
      expect(captured.response.bytes.toString()).toBe('A page')
    }
    if (exe === CURL) expect(new Set(exchanges.map(({ pid }) => pid)).size).toBe(SHORT_LIVED)
  }
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0 })
  expect(counted['connections']).toMatchObject({ missingBytes: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

test('a SIGTERM under load ends the agent in order and in time, and nothing stays attached', async () => {
  const agent = await startWatching(workshop, {
    plugins: '{ type: http_capture, config: { level: summary, format: json } }',
  })
  const programs = heldBy(agent.pid, 'prog_id')
  const links = heldBy(agent.pid, 'link_id')
  expect(programs.length).toBeGreaterThan(6)
  const load = workshop.start(WRK, ['-t1', '-c8', '-d60', `${nginx.tls}/files/page.txt`], { stdio: 'ignore' })
  await agent.exchanges.until(({ exe }) => exe === WRK, 500)
  const { code, signal, tookMs } = await agent.stop()
  load.kill('SIGTERM')
  expect({ code, signal }).toEqual({ code: 0, signal: null })
  expect(tookMs).toBeLessThan(STOP_MS_MAX)
  expect(stillThere('link', links)).toEqual([])
  // The kernel frees programs some time after their last user is gone.
  await expect.poll(() => stillThere('prog', programs), { timeout: 10_000 }).toEqual([])
})

/** Numbers of what a process holds open of BPF, by the word that its descriptor says it with. */
function heldBy(pid: number, word: 'prog_id' | 'link_id'): readonly number[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    const found = new RegExp(`^${word}:\\s+(\\d+)`, 'm').exec(
      readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'),
    )
    return found ? [Number(found[1])] : []
  })
}

function stillThere(kind: 'prog' | 'link', numbers: readonly number[]): readonly number[] {
  const all: readonly { id: number }[] = JSON.parse(
    execFileSync('bpftool', ['-j', kind, 'show'], { encoding: 'utf8' }),
  )
  return numbers.filter((number) => all.some(({ id }) => id === number))
}
