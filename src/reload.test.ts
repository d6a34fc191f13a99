import { expect, test } from 'vitest'
import { type LogFields, OperatorError, silentLog } from './base/index.ts'
import type { Config } from './config.ts'
import { openReload } from './reload.ts'

const GOOD = 'tap: { direction: ingress }\n'

function opened({ apply }: { readonly apply?: (config: Config) => Promise<void> } = {}) {
  const said: string[] = []
  const applied: string[] = []
  const state = { text: GOOD, reads: 0 }
  const note = (message: string, fields: LogFields = {}) =>
    void said.push(`${message} ${JSON.stringify(fields)}`)
  const reload = openReload({
    source: {
      read: async () => {
        state.reads += 1
        return { text: state.text, name: 'qtap.yaml' }
      },
    },
    environment: {},
    apply: apply ?? (async ({ tap }) => void applied.push(tap.direction)),
    log: { ...silentLog, info: note, warn: note, error: note },
  })
  return { reload, state, said, applied }
}

test('a good configuration is applied, and said to be', async () => {
  const { reload, applied, said } = opened()
  await reload()
  expect(applied).toEqual(['ingress'])
  expect(said).toEqual(['config load completed {"config":"qtap.yaml"}'])
})

test('a bad one changes nothing, and one line says where and how many', async () => {
  const { reload, state, applied, said } = opened()
  state.text = 'tap:\n  direction: sideways\n  ignore_loopback: 7\n'
  await reload()
  expect(applied).toEqual([])
  expect(said).toEqual([expect.stringMatching(/the running one stays .*qtap\.yaml:2:14.*"more_mistakes":1/)])
})

test('what cannot be applied is said in one line', async () => {
  const { reload, said } = opened({
    apply: async () => {
      throw new OperatorError('QTAP_STORE', 'bucket is required.', 'Give one.')
    },
  })
  await reload()
  expect(said).toEqual([expect.stringContaining('bucket is required. Give one.')])
})

test('what is asked for during a reload is one more reading after it', async () => {
  const { reload, state, applied } = opened()
  const all = [reload(), reload(), reload()]
  state.text = 'tap: { direction: egress }\n'
  await Promise.all(all)
  expect(state.reads).toBe(2)
  expect(applied.at(-1)).toBe('egress')
})

test('a bug is not taken for a mistake of the operator', async () => {
  const { reload } = opened({
    apply: async () => {
      throw new TypeError('a bug')
    },
  })
  await expect(reload()).rejects.toThrow('a bug')
})
