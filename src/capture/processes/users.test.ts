import { userInfo } from 'node:os'
import { expect, test } from 'vitest'
import { openUsers, parsePasswd } from './users.ts'

test('names are found by number, of several names for one number the first', () => {
  const names = parsePasswd(
    'root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nweb:x:33:33::/:/bin/sh\n',
  )
  expect([...names]).toEqual([
    [0, 'root'],
    [33, 'web'],
  ])
})

test('lines that name nobody are passed over', () => {
  const text =
    '\n# comment\n+::::::\n:x:5:5::/:\nhalf:x\nsigned:x:-2:0::/:\nworded:x:five:0::/:\nlast:x:7:7::/:/bin/sh'
  expect([...parsePasswd(text)]).toEqual([[7, 'last']])
})

test('our own user has the name that the system gives, also by the number of a process that is gone', () => {
  const userName = openUsers()
  const { uid, username } = userInfo()
  expect(userName(process.pid, uid, false)).toBe(username)
  expect(userName(2 ** 22 + 1, uid, false)).toBe(username)
})

test('a number that is nobody has no name', () => {
  expect(openUsers()(process.pid, 4_000_000_000, false)).toBe('')
})

test('the users of this machine are not those of a container', () => {
  const { uid, username } = userInfo()
  expect(openUsers()(2 ** 22 + 1, uid, true)).toBe('')
  expect(openUsers()(process.pid, uid, true)).toBe(username)
})
