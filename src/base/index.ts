export { ByteBuilder, releaseBytes } from './byte-builder.ts'
export { CapturedBytes } from './captured-bytes.ts'
export { type Clock, type SystemClock, systemClock } from './clock.ts'
export {
  describeFinding,
  describePath,
  excerptOf,
  type Finding,
  type FindingKind,
  type Path,
} from './finding.ts'
export { createIds, type IdSeed } from './ids.ts'
export { invariant } from './invariant.ts'
export { createLineWriter, descriptorSink, type LineWriter, type Sink, type SinkDone } from './line-writer.ts'
export { type LinearRegex, linearRegex } from './linear-regex.ts'
export { type Log, type LogFields, silentLog } from './log.ts'
export { isMapping } from './mapping.ts'
export {
  type CounterMeter,
  type GaugeMeter,
  type HistogramMeter,
  type LabelValues,
  type Meter,
  SILENT_METER,
} from './meter.ts'
export { nearest } from './nearest.ts'
export { OperatorError } from './operator-error.ts'
export { type LogEncoding, type LogLevel, parseLogLevel, pinoLog, standardError } from './pino-log.ts'
export { type Component, type Components, createReview, type Remark, type Review } from './review.ts'
export { parseSize } from './size.ts'
export { type Emitter, type Source, type Stats, source } from './source.ts'
export { createTimestamps, unixNanos } from './timestamp.ts'
export {
  type Environment,
  endpointText,
  expandEndpoint,
  isEndpointText,
  isValueSource,
  valueSource,
} from './value-source.ts'
export { type Place, readYaml, type YamlFile } from './yaml.ts'
