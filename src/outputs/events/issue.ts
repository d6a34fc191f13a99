import { z } from 'zod'
import { Direction, ExchangeEvent, HttpRequestParts, Time } from './event-parts.ts'

export const IssueDocument = z.object({
  ...ExchangeEvent.shape,
  timestamp: Time.describe('When the exchange ended.'),
  direction: Direction,
  error: z.string().describe('Name of the rule that found it.'),
  ...HttpRequestParts.shape,
  triggerConditions: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('Conditions of the rule that held, `plugin:condition` each. Absent when none is told.'),
  triggerReasons: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('The same in words, one for each condition. Absent when none is told.'),
})

/** An exchange that a rule says is one to look at. */
export type IssueDocument = z.output<typeof IssueDocument>

export const ISSUE_EXAMPLE: IssueDocument = {
  connectionId: 'd654d887p3qnd27vfhag',
  endpointId: 'httpbin.org',
  requestId: 'd654d8g7p3qnd27vfhb0',
  tags: ['ip:192.168.3.218', 'bin:curl', 'strategy:observe', 'host:qpoint', 'protocol:http2'],
  timestamp: '2026-01-02T03:04:05.678012345Z',
  direction: 'egress-external',
  error: 'Server errors',
  url: 'https://httpbin.org/status/500',
  path: '/status/500',
  method: 'GET',
  status: 500,
  triggerConditions: ['detect_errors:status'],
  triggerReasons: ['response status code [500] matched [5xx]'],
}
