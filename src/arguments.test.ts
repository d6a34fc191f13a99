import { expect, test } from 'vitest'
import { parseArguments, type Settings } from './arguments.ts'
import { OperatorError } from './base/index.ts'

const DEFAULT: Settings = {
  config: undefined,
  deploymentTags: [],
  sockets: {
    docker: '/var/run/docker.sock',
    containerd: '/run/containerd/containerd.sock',
    cri: undefined,
  },
  dataDir: '/tmp/qpoint',
  listen: { host: '127.0.0.1', port: 10_001 },
  logLevel: 'info',
  logEncoding: 'json',
  httpBufferBytes: 2 * 1024 * 1024,
  warnings: [],
}

function parse(words: readonly string[], environment: Record<string, string> = {}, stdoutIsTerminal = false) {
  return parseArguments(words, { environment, version: '1.2.3', stdoutIsTerminal })
}

function textOf(words: readonly string[]): string {
  const command = parse(words)
  return command.kind === 'print' ? command.text : ''
}

function refusal(words: readonly string[], environment: Record<string, string> = {}): string {
  try {
    parse(words, environment)
  } catch (error) {
    if (error instanceof OperatorError) return `${error.message} | ${error.hint}`
    throw error
  }
  return 'accepted'
}

test('nothing given runs the agent with the defaults', () => {
  expect(parse([])).toEqual({ kind: 'run', settings: DEFAULT })
})

test('the encoding defaults to console on a terminal', () => {
  expect(parse([], {}, true)).toMatchObject({ settings: { logEncoding: 'console' } })
})

test('an environment variable replaces a default, a flag wins over it', () => {
  const environment = {
    QPOINT_CONFIG: 'a.yaml',
    DATA_DIR: '/var/lib/q',
    LOG_LEVEL: 'warn',
    HTTP_BUFFER_SIZE: '1kb',
  }
  expect(parse([], environment)).toEqual({
    kind: 'run',
    settings: {
      ...DEFAULT,
      config: 'a.yaml',
      dataDir: '/var/lib/q',
      logLevel: 'warn',
      httpBufferBytes: 1024,
    },
  })
  expect(parse(['--config=b.yaml', '--log-level', 'debug'], environment)).toMatchObject({
    settings: { config: 'b.yaml', logLevel: 'debug', dataDir: '/var/lib/q' },
  })
})

test('an empty environment variable counts as not set', () => {
  expect(parse([], { LOG_LEVEL: '', QPOINT_CONFIG: '' })).toEqual({ kind: 'run', settings: DEFAULT })
})

test('the command behind two dashes is left as it is', () => {
  expect(parse(['exec', '--log-level', 'debug', '--', 'curl', '--config', 'x', '--', '-v'])).toEqual({
    kind: 'exec',
    command: ['curl', '--config', 'x', '--', '-v'],
    settings: { ...DEFAULT, logLevel: 'debug' },
  })
})

test('exec takes a command without two dashes too; options behind its first word belong to it', () => {
  expect(parse(['exec', '--config', 'a.yaml', 'curl', '--config', 'x', '-v'])).toMatchObject({
    command: ['curl', '--config', 'x', '-v'],
    settings: { config: 'a.yaml' },
  })
})

test('options may stand before and behind a command; the later wins', () => {
  expect(parse(['--data-dir', '/a', '--log-level', 'warn', 'replay', 'f.qtap', '--data-dir', '/b'])).toEqual({
    kind: 'replay',
    file: 'f.qtap',
    settings: { ...DEFAULT, dataDir: '/b', logLevel: 'warn' },
  })
})

test('record takes a file and perhaps a command', () => {
  expect(parse(['record', 'f.qtap'])).toMatchObject({ kind: 'record', file: 'f.qtap', command: [] })
  expect(parse(['record', 'f.qtap', '--', 'curl', '-v'])).toMatchObject({
    file: 'f.qtap',
    command: ['curl', '-v'],
  })
})

test('validate takes a file or standard input', () => {
  expect(parse(['validate', 'q.yaml'])).toMatchObject({ kind: 'validate', file: 'q.yaml' })
  expect(parse(['validate', '-'])).toMatchObject({ kind: 'validate', file: '-' })
})

test('documented flags that are not built are accepted and named in one warning', () => {
  const words = ['--tls-probes', 'openssl', '--enable-dev-tools', '--audit-log-buffer-size=0']
  expect(parse(words, { CERT_INJECTION: 'inline', TAGS: 'x' })).toEqual({
    kind: 'run',
    settings: {
      ...DEFAULT,
      warnings: [
        'not built yet and ignored: --tls-probes, --enable-dev-tools, CERT_INJECTION, ' +
          '--audit-log-buffer-size',
      ],
    },
  })
})

test.each([
  [[], {}, { host: '127.0.0.1', port: 10_001 }],
  [[], { STATUS_LISTEN: '0.0.0.0:10002' }, { host: '0.0.0.0', port: 10_002 }],
  [[], { STATUS_LISTEN: '0.0.0.0:10002', HTTPD_LISTEN: ':10003' }, { host: undefined, port: 10_003 }],
  [['--status-listen', '[::1]:0'], { HTTPD_LISTEN: ':10003' }, { host: '::1', port: 0 }],
  [
    ['--status-listen=localhost:1', '--httpd-listen', 'localhost:2'],
    { HTTPD_LISTEN: ':10003' },
    { host: 'localhost', port: 2 },
  ],
  [['--httpd-listen', 'none'], {}, undefined],
])('where status and metrics are told: %j %j', (words, environment, listen) => {
  expect(parse(words, environment)).toMatchObject({ settings: { listen } })
})

test.each(['10001', 'localhost', 'localhost:', ':70000', '::1:80', 'http://localhost:80', 'a b:80'])(
  'no address to listen at: %s',
  (text) => {
    expect(refusal([], { HTTPD_LISTEN: text })).toContain(`invalid address to listen at "${text}". | Use`)
  },
)

test('switches may have a value, and an environment variable that is not true leaves them off', () => {
  expect(
    parse(['--log-caller=false', '--enable-dev-tools=false'], { ENABLE_EGRESS_CONTROLLER: 'maybe' }),
  ).toEqual({
    kind: 'run',
    settings: DEFAULT,
  })
})

test.each([
  [['--confg', 'x'], "unknown option '--confg'. | Did you mean --config?"],
  [['--config'], "option '--config <file>' argument missing. | See qtap --help."],
  [['valdate', 'x'], 'unknown command "valdate". | Did you mean validate?'],
  [['reload-config', 'x'], /^too many arguments/],
  [['reload-config', '--', 'x'], 'reload-config does not take "x". | See qtap --help.'],
  [['eval', 'a == 1'], 'eval needs a stored exchange. | Give --exchange FILE.'],
  [['eval', '--exchange', 'f'], "eval needs an expression. | Write it as one word: 'a == 1'."],
  [
    ['--tags', 'env:prod,web'],
    'invalid tag format: must be in the format key:value, found "web". | Several tags are separated by commas.',
  ],
  [['validate'], "missing required argument 'file'. | See qtap --help."],
  [['--', 'curl'], 'unknown command "curl". | See qtap --help.'],
  [['replay', 'f', '--', 'x'], 'replay does not take "x". | See qtap --help.'],
  [['exec'], 'exec needs a command. | Write it behind two dashes: qtap exec -- curl …'],
  [['--log-level', 'loud'], 'invalid log level "loud". | Use debug, info, warn or error.'],
  [['--log-encoding', 'xml'], 'invalid log encoding "xml". | Use console or json.'],
  [['--log-caller=maybe'], '--log-caller is true or false, not "maybe". | See qtap --help.'],
  [['--http-buffer-size', '3gb'], 'http-buffer-size exceeds maximum allowed size of 2GB. | Use 2gb or less.'],
])('%j is refused in one line', (words, message) => {
  expect(refusal(words)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
})

test('tags and sockets come from flags or the environment', () => {
  const environment = {
    QPOINT_DEPLOYMENT_TAGS: 'env:prod, region:a:b,',
    CRI_RUNTIME_SOCKET: '/run/crio.sock',
  }
  expect(parse(['--docker-socket-endpoint', '/d.sock'], environment)).toMatchObject({
    settings: {
      deploymentTags: ['env:prod', 'region:a:b'],
      sockets: { docker: '/d.sock', containerd: '/run/containerd/containerd.sock', cri: '/run/crio.sock' },
      warnings: [],
    },
  })
})

test('a configuration may be a URL', () => {
  const config = 'https://example.com/q.yaml'
  expect(parse(['--config', config])).toMatchObject({ kind: 'run', settings: { config } })
})

test('eval takes an expression and a stored exchange, and perhaps a configuration', () => {
  expect(parse(['eval', "a == '1'", '--exchange', 'x.json', '--config', 'q.yaml'])).toMatchObject({
    kind: 'eval',
    expression: "a == '1'",
    exchangeFile: 'x.json',
    config: 'q.yaml',
  })
  expect(parse(['eval', '!a', '--exchange=-'])).toMatchObject({ exchangeFile: '-', config: undefined })
  expect(parse(['eval', '--exchange=-', '--', '-1 < a'])).toMatchObject({
    kind: 'eval',
    expression: '-1 < a',
  })
})

test('reload-config and schema take nothing', () => {
  expect(parse(['reload-config'])).toEqual({ kind: 'reload-config', settings: DEFAULT })
  expect(parse(['schema'])).toEqual({ kind: 'schema', settings: DEFAULT })
})

test('arguments that nobody asked for are refused', () => {
  expect(refusal(['validate', 'a', 'b'])).toMatch(/^too many arguments/)
})

test('the version is printed', () => {
  expect(textOf(['--version'])).toBe('1.2.3\n')
})

test.each([[['--help']], [['help']], [['exec', '--help']], [['record', '-h']], [['help', 'validate']]])(
  'the help of %j fits a terminal and names the options',
  (words) => {
    const help = textOf(words)
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(help).toContain('--http-buffer-size <size>')
    expect(help).toContain('QPOINT_CONFIG')
  },
)

test('the help lists the commands and what is accepted without effect', () => {
  const help = textOf(['--help'])
  for (const words of [
    'exec -- COMMAND...',
    'record FILE [-- COMMAND...]',
    'validate FILE|-',
    '--httpd-listen',
  ]) {
    expect(help).toContain(words)
  }
})
