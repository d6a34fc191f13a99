import { expect, test } from 'vitest'
import { containerIdFrom, containerIdFromCgroupFile } from './container-id.ts'

const ID = '0123456789ab'.padEnd(64, 'cdef')
const OUTER = 'f'.repeat(64)

test.for<[who: string, file: string]>([
  [
    'Docker with cgroupfs, version 1',
    `12:pids:/docker/${ID}\n3:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`,
  ],
  ['Docker with systemd, version 2', `0::/system.slice/docker-${ID}.scope\n`],
  [
    'a hybrid machine',
    `5:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/system.slice/containerd.service\n`,
  ],
  [
    'containerd with systemd in Kubernetes',
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-pod3e1c2f5a_0b.slice/cri-containerd-${ID}.scope\n`,
  ],
  ['containerd with cgroupfs in Kubernetes', `4:memory:/kubepods/besteffort/pod3e1c2f5a-0b1d/${ID}\n`],
  [
    'containerd below its own unit',
    `3:memory:/system.slice/containerd.service/kubepods-pod3e1c.slice:cri-containerd:${ID}\n`,
  ],
  ['CRI-O', `0::/kubepods.slice/kubepods-pod3e1c2f5a.slice/crio-${ID}.scope\n`],
  ['Podman, whose processes are one level deeper', `0::/machine.slice/libpod-${ID}.scope/container\n`],
  ['a container in a container: the inner one', `0::/docker/${OUTER}/docker/${ID}\n`],
])('%s', ([, file]) => {
  expect(containerIdFromCgroupFile(file)).toBe('0123456789ab')
})

test.for([
  '0::/\n',
  '0::/user.slice/user-1000.slice/session-2.scope\n',
  '12:pids:/system.slice/nginx.service\n0::/system.slice/nginx.service\n',
  `0::/system.slice/${ID.slice(1)}.scope\n`,
  '',
])('outside of containers there is no id (%j)', (file) => {
  expect(containerIdFromCgroupFile(file)).toBe('')
})

test('of names the first that holds an id counts', () => {
  expect(containerIdFrom(['init.scope', `docker-${ID}.scope`, `crio-${OUTER}.scope`])).toBe('0123456789ab')
  expect(containerIdFrom(['', 'kubepods.slice'])).toBe('')
})
