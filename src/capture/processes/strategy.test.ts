import { expect, test } from 'vitest'
import { strategyOf } from './strategy.ts'

const EXE = '/usr/bin/curl'

test.for<[text: string | undefined, strategy: string]>([
  [undefined, 'observe'],
  ['', 'observe'],
  ['observe', 'observe'],
  ['ignore', 'ignore'],
  [' Ignore ', 'ignore'],
  ['audit', 'audit'],
  ['forward', 'forward'],
  ['proxy', 'proxy'],
  ['everything', 'observe'],
  ['ignore,', 'ignore'],
  ['ignore,exe.exact:/usr/bin/CURL', 'ignore'],
  ['ignore,exact:/usr/bin/curl', 'ignore'],
  ['ignore,exe.exact:/usr/bin/wget', 'observe'],
  ['ignore,exe.suffix:/wget,exe.prefix:/usr/', 'ignore'],
  ['audit,contains:bin/c', 'audit'],
  ['audit,exe.regex:^/usr/.*curl$', 'audit'],
  ['audit,exe.regex:^/usr/bin/(curl|wget)$', 'audit'],
  ['audit,exe.regex:(', 'observe'],
  ['audit,exe.regex:(a+)+$', 'observe'],
  ['audit,exe.regex:.*.*.*x', 'observe'],
  ['ignore,like:curl', 'observe'],
  ['ignore,exe.exact:', 'observe'],
])('QPOINT_STRATEGY=%s is %s', ([text, strategy]) => {
  expect(strategyOf(text, EXE)).toBe(strategy)
})
