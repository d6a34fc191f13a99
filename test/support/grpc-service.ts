import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'

export const SERVICE = 'e2e.v1.Talk'

/** Messages are bytes, as they are: what encodes them is not what is looked at. */
function method(name: string, requestStream: boolean, responseStream: boolean): Method {
  const same = (bytes: Buffer) => bytes
  return {
    path: `/${SERVICE}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
}

type Method = MethodDefinition<Buffer, Buffer>

export const TALK = {
  /** Answers what was asked. */
  Echo: method('Echo', false, false),
  /** Answers as many messages as the request says. */
  Count: method('Count', false, true),
  /** Answers how many messages came. */
  Sum: method('Sum', true, false),
  /** Answers each message with itself. */
  Chat: method('Chat', true, true),
  /** Fails with the request as its message. */
  Fail: method('Fail', false, false),
  /** Answers with metadata, and with nothing else. */
  Wait: method('Wait', false, false),
} as const satisfies ServiceDefinition
