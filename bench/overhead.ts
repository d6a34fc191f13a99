/**
 * What the agent costs the programs it watches: nginx and its load on this host, with and without the agent,
 * plain and
 * TLS, in alternation, both ends watched. Prints, for each load: requests/s kept, processor time added to
 * nginx for a request, the agent's processor time for an exchange, and records lost. Quote ratios of one run.
 *
 *   npm run bench:overhead [-- --short]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const STEADY_RATE = 20_000
const STEADY_CLIENTS = 20
/** A compiler that learns from what runs is part of the agent: the first seconds are not what it costs. */
const WARM_UP_SECONDS = 2
const TICK_MS = 10 // The unit of /proc/PID/stat.

const CONFIG = `
stacks: { bench: { plugins: [{ type: access_logs, config: { mode: summary, format: json } }] } }
tap: { direction: all, ignore_loopback: false, http: { stack: bench }, filters: { groups: [qpoint] } }
`

interface Load {
  readonly name: string
  readonly url: string
  /** Gives the requests that were answered; runs for `seconds`. */
  readonly run: (url: string, seconds: number) => Promise<number>
}

interface Measured {
  readonly requests: number
  readonly seconds: number
  readonly serverMs: number
}

interface AgentCost {
  readonly agentMs: number
  readonly exchanges: number
  readonly recordsLost: number
  readonly peakMiB: number
}

async function main(): Promise<void> {
  const short = process.argv.includes('--short')
  const rounds = short ? 1 : 3
  const seconds = short ? 3 : 5
  const folder = mkdtempSync(join(tmpdir(), 'qtap-bench-'))
  const nginx = await startNginx(folder)
  try {
    for (const load of loadsOf(nginx)) await compare(load, nginx.worker, folder, rounds, seconds)
  } finally {
    nginx.process.kill()
    await once(nginx.process, 'exit')
    rmSync(folder, { recursive: true })
  }
}

function loadsOf({ plain, tls }: { readonly plain: number; readonly tls: number }): Load[] {
  const http = `http://127.0.0.1:${plain}`
  const https = `https://127.0.0.1:${tls}`
  return [
    { name: `steady ${STEADY_RATE}/s, plain, 1 KB`, url: `${http}/1k`, run: steady },
    { name: `steady ${STEADY_RATE}/s, TLS, 1 KB`, url: `${https}/1k`, run: steady },
    { name: 'saturation, plain, 1 KB', url: `${http}/1k`, run: saturation },
    { name: 'saturation, TLS, 1 KB', url: `${https}/1k`, run: saturation },
    { name: 'saturation, TLS, 64 KB', url: `${https}/64k`, run: saturation },
  ]
}

async function compare(
  { name, url, run }: Load,
  worker: number,
  folder: string,
  rounds: number,
  seconds: number,
) {
  const bare: Measured[] = []
  const watched: Measured[] = []
  const costs: AgentCost[] = []
  await run(url, 1) // Caches and connections of the first second belong to nobody.
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await measure())
    const agent = await startAgent(folder)
    agent.begin(await run(url, WARM_UP_SECONDS))
    watched.push(await measure())
    costs.push(await agent.stop())
  }
  const rate = (all: readonly Measured[]) => sum(all, 'requests') / sum(all, 'seconds')
  const serverMicros = (all: readonly Measured[]) => (sum(all, 'serverMs') * 1_000) / sum(all, 'requests')
  const added = serverMicros(watched) - serverMicros(bare)
  const [lost, exchanges] = [sum(costs, 'recordsLost'), sum(costs, 'exchanges')]
  console.log(
    [
      name.padEnd(28),
      `${Math.round(rate(bare))} → ${Math.round(rate(watched))} requests/s`,
      `${percent(rate(watched) / rate(bare))} kept`,
      `nginx ${serverMicros(bare).toFixed(1)} + ${added.toFixed(1)} µs a request`,
      `agent ${((sum(costs, 'agentMs') * 1_000) / exchanges).toFixed(1)} µs an exchange`,
      `${exchanges} exchanges, ${lost} records lost`,
      `peak ${Math.max(...costs.map(({ peakMiB }) => peakMiB))} MiB`,
    ].join('; '),
  )

  async function measure(): Promise<Measured> {
    const before = processorMs(worker)
    const requests = await run(url, seconds)
    return { requests, seconds, serverMs: processorMs(worker) - before }
  }
}

/** Constant rate over keep-alive connections. */
async function steady(url: string, seconds: number): Promise<number> {
  const rate = String(STEADY_RATE / STEADY_CLIENTS)
  const words = ['--h1', '-c', String(STEADY_CLIENTS), '--rps', rate, '-D', String(seconds), url]
  return Number(/(\d+) succeeded/.exec(await output('h2load', words))?.[1])
}

/** As fast as both ends go. */
async function saturation(url: string, seconds: number): Promise<number> {
  return Number(/(\d+) requests in/.exec(await output('wrk', ['-t1', '-c16', `-d${seconds}`, url]))?.[1])
}

async function startNginx(folder: string) {
  const [plain, tls] = [await freePort(), await freePort()]
  const key = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', ...key],
    {
      stdio: 'ignore',
    },
  )
  const files = join(folder, 'files')
  mkdirSync(files, { mode: 0o755 })
  writeFileSync(join(files, '1k'), 'k'.repeat(1024))
  writeFileSync(join(files, '64k'), 'k'.repeat(65_536))
  execFileSync('chmod', ['-R', 'a+rX', folder])
  const config = join(folder, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off; worker_processes 1; user root; pid ${folder}/pid; error_log ${folder}/errors;
    events { worker_connections 1024; }
    http { access_log off; keepalive_requests 100000000; client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi; root ${files};
      server { listen 127.0.0.1:${plain}; listen 127.0.0.1:${tls} ssl;
        ssl_certificate ${folder}/certificate.pem; ssl_certificate_key ${folder}/key.pem; } }`,
  )
  const nginx = spawn('nginx', ['-c', config], { stdio: 'inherit' })
  for (;;) {
    const [worker] = childrenOf(nginx)
    if (worker !== undefined) return { process: nginx, worker, plain, tls }
    if (nginx.exitCode !== null) throw new Error('nginx did not start')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function startAgent(folder: string) {
  const config = join(folder, 'qtap.yaml')
  writeFileSync(config, CONFIG)
  const qtap = new URL('../bin/qtap', import.meta.url).pathname
  const agent = spawn(qtap, ['--config', config, '--log-level', 'debug', '--log-encoding', 'json'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const lines = createInterface({ input: agent.stderr })
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      if (line.includes('"searched"')) resolve()
    })
    agent.once('exit', () => reject(new Error(`the agent ended:\n${said.join('\n')}`)))
  })
  let before = 0
  let warmUpExchanges = 0
  return { begin, stop }

  /** From here on it counts; each request so far was two exchanges, one at each end. */
  function begin(warmUpRequests: number): void {
    before = processorMs(agent.pid ?? 0)
    warmUpExchanges = 2 * warmUpRequests
  }

  async function stop(): Promise<AgentCost> {
    const agentMs = processorMs(agent.pid ?? 0) - before
    const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8')
    agent.kill()
    await once(agent, 'exit')
    const counted = JSON.parse(said.find((line) => line.includes('"counted"')) ?? '{}')
    return {
      agentMs,
      exchanges: counted.outputs.exchanges - warmUpExchanges,
      recordsLost: counted.capture.recordsLost,
      peakMiB: Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024),
    }
  }
}

function childrenOf({ pid }: ChildProcess): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

/** Processor time of a process so far, all its threads. */
function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

async function output(file: string, words: readonly string[]): Promise<string> {
  const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout) text += chunk
  return text
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function sum<Key extends string>(all: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return all.reduce((total, one) => total + one[key], 0)
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`
}

await main()
