export type Kind = 'counter' | 'gauge'

/** The label stands where a counter is told for each of several, such as reasons. */
type Declared = readonly [kind: Kind, help: string, label?: string]

interface Stage {
  /** The label that tells apart whose counters these are, where several count the same. */
  readonly by?: string
  readonly counts: Readonly<Record<string, Declared>>
}

interface Group {
  readonly label: string
  readonly help: string
  readonly counts: readonly string[]
}

/** Counters that are told as one metric with a label. */
export const GROUPS: Readonly<Record<string, Readonly<Record<string, Group>>>> = {
  exchanges: {
    ended: {
      label: 'completeness',
      help: 'Exchanges that are over, by how much of them was seen.',
      counts: ['complete', 'truncated', 'gap', 'joined_late'],
    },
  },
  messages: {
    cut: {
      label: 'by',
      help: 'Messages of which the end was not seen, by what cut them.',
      counts: ['cutByClose', 'cutByGap', 'cutByLimit', 'cutByReset'],
    },
  },
}

const CAPTURE: Stage['counts'] = {
  records: ['counter', 'Records read from the ring buffer.'],
  bytesRecords: ['counter', 'Records read that bear bytes of connections.'],
  recordsLost: ['counter', 'Records lost because the ring buffer was full.'],
  bytesLost: ['counter', 'Payload bytes of records that were lost because the ring buffer was full.'],
  bytesLeftOut: ['counter', 'Bytes of long calls left out while the ring buffer was filling up.'],
  bytesCopied: ['counter', 'Payload bytes that the kernel side copied.'],
  unknownKinds: ['counter', 'Records of a kind that the agent does not know.'],
  recordsSkipped: ['counter', 'Records of processes that a filter leaves out.'],
  callsOvertaken: ['counter', 'Calls of two threads on one direction, whose order is not known: a gap.'],
  readsFailed: ['counter', 'Reads of memory of a program that was not there.'],
  socketsRefused: ['counter', 'Sockets not watched because the table of sockets was full.'],
  secretsRefused: ['counter', 'Arguments of TLS libraries that were no secret.'],
  calls32bit: ['counter', 'System calls of 32-bit programs, which are not understood.'],
  drains: ['counter', 'Times the ring buffer was read.'],
  drainedBytes: ['counter', 'Bytes read from the ring buffer.'],
  waits: ['counter', 'Times the agent waited because the ring buffer was empty.'],
  clockSet: ['counter', "Times the machine's clock was set."],
  namespacesMissed: ['gauge', 'Network namespaces whose earlier connections could not be listed.'],
  started: ['counter', 'Programs that were seen to start.'],
  readLater: ['counter', 'Processes read from /proc because they were there before.'],
  inherited: ['counter', 'Processes that began as their parent.'],
  unknown: ['counter', 'Processes that were gone before anybody could say what they were.'],
  reused: ['counter', 'Process numbers that were used again.'],
  evicted: ['counter', 'Processes forgotten because too many were known.'],
  filesAttached: ['counter', 'Executable files whose TLS library is watched.'],
  callsAttached: ['counter', 'Places in executable files at which secrets are taken.'],
  callsRefused: ['counter', 'Places at which the kernel refused to attach.'],
  filesGone: ['counter', 'Files that were gone before they were searched for TLS.'],
  containers: ['gauge', 'Containers known now.'],
  containersAsked: ['counter', 'Questions to container runtimes.'],
  containersLearnt: ['counter', 'Containers of which a runtime told, each as often as something changed.'],
  containersUnknown: ['counter', 'Containers that no runtime knew.'],
  containersTimedOut: ['counter', 'Containers of which no runtime told in time.'],
  containersForgotten: ['counter', 'Containers forgotten after they were gone.'],
  containersEvicted: ['counter', 'Containers forgotten because too many were known.'],
  runtimeConnections: ['counter', 'Connections made to container runtimes.'],
  runtimeCallsFailed: ['counter', 'Calls to container runtimes that failed.'],
  runtimeAsksDropped: ['counter', 'Questions to container runtimes dropped because too many waited.'],
  containerLabelsLeftOut: ['counter', 'Labels of containers left out because of their size or number.'],
  runtimeMessagesRefused: ['counter', 'Messages of container runtimes that were not understood or too long.'],
}

const CONNECTIONS: Stage['counts'] = {
  opened: ['counter', 'Connections that were opened, or were there before the agent.'],
  closed: ['counter', 'Connections whose following ended.'],
  evicted: ['counter', 'Connections let go because too many were open.'],
  strayRecords: ['counter', 'Records of connections that are not known.'],
  lateBytes: ['counter', 'Bytes that came too late to be put in order, of ended connections.'],
  missingBytes: ['counter', 'Bytes known to have passed and not seen, of ended connections.'],
  tls: ['counter', 'Ended connections that were TLS.'],
  dnsMessages: ['counter', 'Messages of the DNS that were read for names.'],
  dnsMessagesBroken: ['counter', 'Messages of the DNS that could not be read.'],
  dnsAddresses: ['counter', 'Addresses that got a name, each as often as it was told.'],
  dnsNames: ['gauge', 'Names of addresses known now: the size of the cache of the DNS.'],
  dnsNamesEvicted: ['counter', 'Names of addresses forgotten because too many were known.'],
  dnsHeldBytes: ['gauge', 'Bytes held of messages of the DNS over TCP that are not whole yet.'],
  dnsMessagesPassed: ['counter', 'Messages of the DNS over TCP passed over because they were too long.'],
}

const TLS: Stage['counts'] = {
  secretsSeen: ['counter', 'Secrets that TLS libraries handed out.'],
  secretsIgnored: ['counter', 'Secrets with which nothing is opened.'],
  secretsUnused: ['counter', 'Secrets dropped without having opened anything.'],
  sessionsBound: ['counter', 'Connections whose secrets were proven by a record.'],
  trials: ['counter', 'Records tried with secrets not yet known to be theirs.'],
  recordsOpened: ['counter', 'Records opened.'],
  recordsPassed: ['counter', 'Records left sealed because nobody wants what is in them.'],
  recordsFailed: ['counter', 'Records that could not be opened.'],
  resyncTrials: ['counter', 'Record numbers tried after a gap.'],
  directionsGivenUp: ['counter', 'Directions left alone after too many failures or a renegotiation.'],
  unreadableNoSecret: ['counter', 'Sessions left sealed because no secret came.'],
  unreadableJoinedLate: ['counter', 'Sessions left sealed because they were there before the agent.'],
  unreadableSuite: ['counter', 'Sessions left sealed because of their cipher suite.'],
  unreadableByFilter: ['counter', 'Sessions left sealed because a filter says so.'],
  heldBytesDropped: ['counter', 'Bytes dropped that waited for their secret.'],
  unreadable: ['counter', 'Connections of TLS that are not read, by the reason.', 'reason'],
}

const MESSAGES: Stage['counts'] = {
  messages: ['counter', 'Messages that decoders told of: heads, pieces of bodies, ends.'],
  requests: ['counter', 'Heads of requests.'],
  responses: ['counter', 'Heads of responses.'],
  gaps: ['counter', 'Gaps in streams.'],
  lanes: ['gauge', 'Connections decoded now.'],
  resyncs: ['counter', 'Times a decoder found its place again after a gap.'],
  responsesUnpaired: ['counter', 'Responses whose request was not seen.'],
  requestsUnpaired: ['counter', 'Requests whose response was not seen.'],
  skippedBytes: ['counter', 'Bytes skipped while a decoder searched for its place.'],
  headerBlocksLost: ['counter', 'Header blocks of HTTP/2 that could not be read.'],
  streamsEvicted: ['counter', 'Streams of HTTP/2 let go because too many were open.'],
  heldBytes: ['gauge', 'Bytes held by decoders until the rest comes.'],
  heldBytesMax: ['gauge', 'Most bytes that decoders may hold.'],
  recognised: ['counter', 'Connections whose protocol was recognised.'],
  notRecognised: ['counter', 'Connections whose protocol was not recognised.'],
  switched: ['counter', 'Connections that went on with another protocol.'],
  tunnels: ['counter', 'Connections that became a tunnel.'],
  doubtful: ['counter', 'Heads of which not everything is certain.'],
  opaque: ['counter', 'Connections not decoded from some place on.'],
  unreadable: ['counter', 'Connections of TLS that were not decoded because they were sealed.'],
  ignoredBytes: ['counter', 'Bytes that no decoder took.'],
  recogniseHeldBytes: ['gauge', 'Bytes held until the protocol is recognised.'],
}

const EXCHANGES: Stage['counts'] = {
  bodyBytesMax: ['gauge', 'Most bytes kept of one body.'],
  bodiesTotalBytesMax: ['gauge', 'Most bytes kept of all bodies of open exchanges.'],
  bodiesHeldBytes: ['gauge', 'Bytes kept of bodies of open exchanges.'],
  bodiesTruncated: ['counter', 'Bodies of which only the beginning was kept.'],
  bodiesUnwanted: ['counter', 'Exchanges whose bodies nobody wanted.'],
  conversationsHeldBytes: ['gauge', 'Bytes kept of open conversations.'],
  exchangesOpen: ['gauge', 'Exchanges open now.'],
  exchangesEvicted: ['counter', 'Exchanges that came out before their end because too many were open.'],
  messagesWithoutRequest: ['counter', 'Messages that belong to no open request.'],
  progressTold: ['counter', 'Times the progress of an open exchange was told.'],
  progressSkipped: ['counter', 'Times progress was not told because too much was due at once.'],
  interimResponses: ['counter', 'Interim responses, such as 100 Continue.'],
  piecesCut: ['counter', 'Pieces of messages of which not all was read.'],
}

const HELD: Stage['counts'] = {
  held: ['counter', 'Exchanges that waited until their container was known.'],
  heldNow: ['gauge', 'Exchanges that wait until their container is known.'],
  heldTooLong: ['counter', 'Exchanges that went on unnamed after the longest wait.'],
  heldTooMany: ['counter', 'Exchanges that went on unnamed because too many waited.'],
}

const REPORTS: Stage['counts'] = {
  reports: ['counter', 'Reports of connections.'],
  reportsLeftOut: ['counter', 'Reports left out because of a filter.'],
  reportsWaited: ['counter', 'Times when more reports were due than could be told at once.'],
  lookups: ['counter', 'Look-ups of the DNS over UDP.'],
  lookupsUnanswered: ['counter', 'Look-ups of the DNS without an answer.'],
  lookupsEvicted: ['counter', 'Look-ups of the DNS let go because too many were open.'],
  answersUnasked: ['counter', 'Answers of the DNS to no known question.'],
}

const OUTPUTS: Stage['counts'] = {
  exchanges: ['counter', 'Exchanges that came to the plugins.'],
  withoutStack: ['counter', 'Exchanges of connections that no stack is for.'],
  unknownStacks: ['counter', 'Wishes of pods for a stack that does not exist.'],
  progress: ['counter', 'Progress that came to the plugins.'],
  artifacts: ['counter', 'Artifacts that plugins made.'],
  texts: ['counter', 'Texts for the terminal that plugins made.'],
  events: ['counter', 'Events that plugins made.'],
  failures: ['counter', 'Outputs lost because a plugin failed.'],
}

const PLUGINS: Stage['counts'] = {
  ruleProblems: ['counter', 'Times an expression could not be answered for an exchange.'],
  leftOutBySampling: ['counter', 'Exchanges left out by sampling.'],
}

const STORES: Stage['counts'] = {
  texts: ['counter', 'Texts given to standard output.'],
  events: ['counter', 'Events given to event stores.'],
  objects: ['counter', 'Artifacts given to object stores.'],
  records: ['counter', 'Records of stored objects given to event stores.'],
  unrouted: ['counter', 'Outputs for a store that does not exist.'],
  failed: ['counter', 'Outputs lost because a store has a bug.'],
}

const TRACES: Stage['counts'] = {
  spans: ['counter', 'Spans of connections.'],
  spansLeftOut: ['counter', 'Connections without a span because of a filter.'],
  turns: ['gauge', 'Events held of open connections that are traced.'],
  turnsDropped: ['counter', 'Events of connections that are traced, left out because there were too many.'],
}

/** Of each store by itself; a parcel is an event, or all records of an object. */
const STORE: Stage['counts'] = {
  taken: ['counter', 'Parcels that were given to be delivered.'],
  delivered: ['counter', 'Parcels that the backend took.'],
  refused: ['counter', 'Parcels that the backend refused for good.'],
  unconfirmed: ['counter', 'Parcels of batches of which some were refused without being named.'],
  droppedByQueue: ['counter', 'Parcels dropped because the queue was full.'],
  droppedBySpool: ['counter', 'Parcels dropped because the spool was full.'],
  lost: ['counter', 'Parcels that were in memory only when their store was closed.'],
  batches: ['counter', 'Batches that were sent.'],
  retries: ['counter', 'Batches that were sent again.'],
  inFlight: ['gauge', 'Batches that wait for their answer.'],
  queueBytes: ['gauge', 'Bytes that wait in memory.'],
  queueCount: ['gauge', 'Parcels that wait in memory.'],
  spoolBytes: ['gauge', 'Bytes that wait on disk.'],
  spoolCount: ['gauge', 'Parcels that wait on disk.'],
  spoolFound: ['counter', 'Parcels that former runs had left on disk.'],
  spoolDamaged: ['counter', 'Parcels on disk that could not be read back.'],
  events: ['counter', 'Events that the store was given.'],
  eventsCut: ['counter', 'Events of which a part was left out because of their size.'],
  objects: ['counter', 'Objects that the store was given.'],
  objectsCut: ['counter', 'Objects of which a part was left out because of their size.'],
  receiptsUnread: ['counter', 'Objects of former runs whose record could not be read back.'],
}

const TELEMETRY: Stage['counts'] = {
  seriesRefused: ['counter', 'Times labels beyond the limit of series were counted as `other`.'],
  requests: ['counter', 'Requests to the status server.'],
  requestsRefused: ['counter', 'Requests to the status server refused because too many were open.'],
  seriesMax: ['gauge', 'Most series of one metric.'],
}

/** Names that the text formats keep for something else. */
export const RENAMED: Readonly<Record<string, string>> = {
  queueCount: 'queue_parcels',
  spoolCount: 'spool_parcels',
}

/** Every counter of the agent's own, by stage and by its name in `stats`. */
export const STAGES: Readonly<Record<string, Stage>> = {
  capture: { counts: CAPTURE },
  connections: { counts: CONNECTIONS },
  tls: { counts: TLS },
  messages: { counts: MESSAGES },
  exchanges: { counts: EXCHANGES },
  held: { counts: HELD },
  reports: { counts: REPORTS },
  outputs: { counts: OUTPUTS },
  plugins: { by: 'plugin', counts: PLUGINS },
  stores: { counts: STORES },
  store: { by: 'store', counts: STORE },
  traces: { counts: TRACES },
  telemetry: { counts: TELEMETRY },
}
