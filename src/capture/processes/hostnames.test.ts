import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { openHostnames } from './hostnames.ts'

test('a process of this machine is on this machine, and so is one that is gone', () => {
  const hostnameOf = openHostnames()
  expect(hostnameOf(process.pid)).toBe(hostname())
  expect(hostnameOf(2 ** 22 + 1)).toBe(hostname())
})
