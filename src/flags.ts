/** One option of the command line, for all commands. */
export interface Flag {
  readonly name: string
  readonly env?: string
  /** What stands behind it in the help; without it the flag is a switch. */
  readonly value?: string
  readonly about?: string
  readonly group?: string
  /** False: accepted, so that existing command lines run, and named in one warning. */
  readonly built: boolean
}

const CAPTURE = 'Capture:'
const ATTRIBUTION = 'Who made a connection:'
const STATUS = 'Status and metrics:'
const LOGGING = 'Logging of the agent itself, to standard error:'

/** Every documented flag. To build one: write what it does and turn `built` to true. */
export const FLAGS: readonly Flag[] = [
  {
    name: 'config',
    env: 'QPOINT_CONFIG',
    value: 'file',
    group: CAPTURE,
    about: 'configuration: a file, a URL, or -',
    built: true,
  },
  {
    name: 'data-dir',
    env: 'DATA_DIR',
    value: 'dir',
    group: CAPTURE,
    about: 'where state is kept',
    built: true,
  },
  {
    name: 'http-buffer-size',
    env: 'HTTP_BUFFER_SIZE',
    value: 'size',
    group: CAPTURE,
    about: 'most of one body that is kept',
    built: true,
  },
  {
    name: 'tags',
    env: 'QPOINT_DEPLOYMENT_TAGS',
    value: 'tags',
    group: ATTRIBUTION,
    about: 'tags of all connections, key:value,key:value',
    built: true,
  },
  {
    name: 'docker-socket-endpoint',
    env: 'DOCKER_SOCKET',
    value: 'path',
    group: ATTRIBUTION,
    about: 'socket of Docker',
    built: true,
  },
  {
    name: 'containerd-socket-endpoint',
    env: 'CONTAINERD_SOCKET',
    value: 'path',
    group: ATTRIBUTION,
    about: 'socket of containerd',
    built: true,
  },
  {
    name: 'cri-runtime-socket-endpoint',
    env: 'CRI_RUNTIME_SOCKET',
    value: 'path',
    group: ATTRIBUTION,
    about: 'socket of a CRI runtime',
    built: true,
  },
  {
    name: 'httpd-listen',
    env: 'HTTPD_LISTEN',
    value: 'address',
    group: STATUS,
    about: 'where to listen, or none',
    built: true,
  },
  {
    name: 'status-listen',
    env: 'STATUS_LISTEN',
    value: 'address',
    group: STATUS,
    about: 'an older name of it',
    built: true,
  },
  {
    name: 'log-level',
    env: 'LOG_LEVEL',
    value: 'level',
    group: LOGGING,
    about: 'debug, info, warn or error',
    built: true,
  },
  {
    name: 'log-encoding',
    env: 'LOG_ENCODING',
    value: 'encoding',
    group: LOGGING,
    about: 'console or json',
    built: true,
  },
  { name: 'log-caller', env: 'LOG_CALLER', group: LOGGING, about: 'accepted, changes nothing', built: true },
  { name: 'bpf-trace', env: 'BPF_TRACE', value: 'query', built: false },
  { name: 'tls-probes', env: 'TLS_PROBES', value: 'names', built: false },
  { name: 'san-cert-max-size', env: 'SAN_CERT_MAX_SIZE', value: 'count', built: false },
  { name: 'enable-dev-tools', env: 'ENABLE_DEV_TOOLS', built: false },
  { name: 'registration-token', env: 'REGISTRATION_TOKEN', value: 'token', built: false },
  { name: 'registration-endpoint', env: 'REGISTRATION_ENDPOINT', value: 'url', built: false },
  { name: 'cert-injection', env: 'CERT_INJECTION', value: 'mode', built: false },
  { name: 'set-tls-ok', env: 'SET_TLS_OK', value: 'mode', built: false },
  { name: 'enable-egress-controller', env: 'ENABLE_EGRESS_CONTROLLER', built: false },
  { name: 'audit-log-buffer-size', value: 'size', built: false },
]

/** What holds without flag and environment variable. */
export const DEFAULTS: Readonly<Record<string, string>> = {
  'data-dir': '/tmp/qpoint',
  'docker-socket-endpoint': '/var/run/docker.sock',
  'containerd-socket-endpoint': '/run/containerd/containerd.sock',
  'http-buffer-size': '2mb',
  'httpd-listen': '127.0.0.1:10001',
  'log-level': 'info',
}
