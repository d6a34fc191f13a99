import { source } from '../../../src/base/index.ts'
import type { CaptureEvent } from '../../../src/capture/index.ts'
import { CONNECTIONS_MAX, followConnections, openTlsSessions } from '../../../src/connections/index.ts'
import { decode } from '../../../src/decoders/index.ts'
import { EXCHANGE_LIMITS, pairExchanges } from '../../../src/exchanges/index.ts'
import { Finding } from '../finding.ts'

/** Everything behind the capture, up to exchanges. `close` ends what is open and looks at what is held. */
export function openStages() {
  const events = source<CaptureEvent>({})
  let lastId = 0
  const nextId = () => {
    lastId += 1
    return String(lastId)
  }
  const tls = openTlsSessions()
  const streams = followConnections(events, { nextId, tls, connectionsMax: CONNECTIONS_MAX })
  const decoded = decode(streams)
  const exchanges = pairExchanges(decoded, { ...EXCHANGE_LIMITS, nextId })
  let told = 0
  exchanges.listen(() => {
    told += 1
  })
  return { events, close }

  function close(traits: Set<string>): void {
    streams.close()
    for (const [name, count] of Object.entries({ ...streams.stats, ...tls.stats, ...decoded.stats }))
      traits.add(`${name} ${Math.ceil(Math.log2(1 + count))}`)
    traits.add(`exchanges ${told}`)
    const { heldBytes, recogniseHeldBytes, lanes } = decoded.stats
    if (heldBytes || recogniseHeldBytes || lanes)
      throw new Finding('held after the end', `${heldBytes} ${recogniseHeldBytes} bytes, ${lanes} lanes`)
  }
}
