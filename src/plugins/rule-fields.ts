/** A field that rules can ask for. `<name>` stands for a name of the operator's choice. */
export interface RuleField {
  readonly name: string
  readonly type: 'string' | 'number' | 'boolean' | 'address' | 'list of strings'
  readonly description: string
}

/** Every field, in the order of the reference page. */
export const RULE_FIELDS: readonly RuleField[] = [
  text('http.req.method', 'Method of the request.'),
  text('http.req.path', 'Path, without the query string.'),
  text('http.req.scheme', '`http` or `https`.'),
  text('http.req.host', 'Host as the client named it, with its port when it gave one.'),
  text('http.req.url', '`scheme://host/path`, without the query string.'),
  text('http.req.query', 'Query string, without the `?`; missing when the target has none.'),
  text('http.req.headers.<name>', 'First value of that header of the request.'),
  number('http.res.status', 'Status; 499 when the connection ended without a response.'),
  text('http.res.headers.<name>', 'First value of that header of the response.'),
  text('http.res.transfer-encoding', '`Transfer-Encoding` of a response of HTTP/1.'),
  text('protocol', '`http1`, `http2`, `grpc` or `websocket`.'),
  text('direction', '`ingress`, `egress-internal` or `egress-external`.'),
  text('type', '`tcp`.'),
  list('tags', 'Tags of the connection, `key:value` each.'),
  address('src.ip', "This host's end of the connection, whoever opened it."),
  number('src.port', 'Its port.'),
  text('src.process.path', 'Path of the executable file.'),
  text('src.process.binary', 'Last part of that path.'),
  number('src.process.pid', 'Its number.'),
  list('src.process.args', 'Words it was started with; what looks like a secret is masked.'),
  list('src.process.parents', 'Paths of what started it, and of what started that, nearest first.'),
  text('src.process.hostname', 'Host name as the process sees it.'),
  number('src.process.user.id', 'Id of its user.'),
  text('src.process.user.name', 'Name of its user.'),
  text(
    'src.process.env.<name>',
    'An environment variable that tags are made of, or `QPOINT_STRATEGY` or `QPOINT_TAGS`.',
  ),
  text('src.container.id', 'First 12 characters of the id; missing outside containers.'),
  text('src.container.name', 'Name of the container.'),
  text('src.container.image', 'Its image.'),
  text('src.container.labels.<name>', 'A label of the container.'),
  text('src.pod.name', 'Name of the pod; missing outside pods.'),
  text('src.pod.namespace', 'Its namespace.'),
  text('src.pod.labels.<name>', 'A label of the pod.'),
  text('src.pod.annotations.<name>', 'An annotation of the pod.'),
  address('dst.ip', 'The other end of the connection.'),
  number('dst.port', 'Its port.'),
  text('dst.domain', 'Name of the server by DNS, TLS or HTTP; missing when only its address is known.'),
  { name: 'tls.enabled', type: 'boolean', description: 'True; missing when no ClientHello was seen.' },
  number('tls.version', '1.0, 1.1, 1.2 or 1.3: agreed on, or else the highest the client offered.'),
  text('tls.sni', 'Server name the client asked for.'),
  list('tls.alpn', 'Protocols the client offered.'),
]

/** How older files begin a name, and what it means. */
const OLDER_PREFIXES: readonly (readonly [older: string, name: string])[] = [
  ['request.', 'http.req.'],
  ['response.', 'http.res.'],
  ['req.', 'http.req.'],
  ['res.', 'http.res.'],
]
const OLDER_NAMES: Readonly<Record<string, string>> = { exe: 'src.process.path' }

/** The name as the table has it: older files use shorter ones. */
export function fullFieldName(name: string): string {
  if (Object.hasOwn(OLDER_NAMES, name)) return OLDER_NAMES[name] ?? name
  const older = OLDER_PREFIXES.find(([prefix]) => name.startsWith(prefix))
  return older === undefined ? name : older[1] + name.slice(older[0].length)
}

/** False when no exchange can ever have such a field. */
export function isRuleField(name: string): boolean {
  const full = fullFieldName(name)
  return RULE_FIELDS.some((field) => {
    const open = field.name.indexOf('<')
    return open === -1
      ? field.name === full
      : full.length > open && full.startsWith(field.name.slice(0, open))
  })
}

/** What of an exchange may still become known after its response began, as bits. */
export const LATE = { call: 1, container: 2, process: 4, protocol: 8 } as const

/** Which of `LATE` may change what the field holds. */
export function lateFor(name: string): number {
  const full = fullFieldName(name)
  if (full === 'http.res.status' || /^http\.res\.headers\.grpc-/i.test(full)) return LATE.call
  if (full === 'tags') return LATE.container | LATE.process | LATE.protocol
  if (full === 'src.container.id') return LATE.process
  if (full.startsWith('src.container.') || full.startsWith('src.pod.')) return LATE.container | LATE.process
  return full.startsWith('src.process.') || full === 'dst.domain' ? LATE.process : 0
}

function text(name: string, description: string): RuleField {
  return { name, type: 'string', description }
}

function number(name: string, description: string): RuleField {
  return { name, type: 'number', description }
}

function address(name: string, description: string): RuleField {
  return { name, type: 'address', description }
}

function list(name: string, description: string): RuleField {
  return { name, type: 'list of strings', description }
}
