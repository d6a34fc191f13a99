import { expect, test } from 'vitest'
import { SAMPLE_PROCESS } from '../../../test/support/sample-exchange.ts'
import { isFromUserShell } from './user-shell.ts'

/** `exes`: the process first, then its parent and so on. */
function isUserShell(exes: readonly string[]): boolean {
  const [exe = '', ...others] = exes
  const ancestors = others.map((one, index) => ({ pid: 100 - index, exe: one }))
  return isFromUserShell({ ...SAMPLE_PROCESS, exe, ancestors })
}

const SSHD = '/usr/sbin/sshd'
const BASH = '/bin/bash'

test.for([
  [['/usr/bin/curl', BASH, SSHD, SSHD, '/usr/lib/systemd/systemd']],
  [['/usr/bin/curl', '/usr/bin/python3', '/usr/bin/zsh', '/usr/bin/tmux']],
  [['/usr/bin/curl', BASH, '/usr/bin/sudo', BASH, '/usr/bin/login']],
  [[BASH, '/usr/lib/openssh/sshd-session']],
] as const)('%j is work of a user shell', ([exes]) => {
  expect(isUserShell(exes)).toBe(true)
})

test.for([
  [['/usr/bin/curl']],
  [['/usr/bin/curl', BASH]],
  [['/usr/bin/curl', '/bin/sh', '/usr/bin/containerd-shim-runc-v2']],
  [['/usr/bin/curl', '/bin/sh', '/usr/sbin/cron']],
  [['/usr/bin/curl', BASH, '/usr/bin/su', '/usr/sbin/cron']],
  [['/usr/lib/openssh/sftp-server', SSHD]],
  [['/usr/bin/curl', '', SSHD]],
] as const)('%j is not', ([exes]) => {
  expect(isUserShell(exes)).toBe(false)
})
