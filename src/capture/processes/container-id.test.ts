import { expect, test } from 'vitest'
import { cgroupFactsFrom, cgroupFactsFromFile } from './container-id.ts'

const ID = '0123456789ab'.padEnd(64, 'cdef')
const OUTER = 'f'.repeat(64)
const POD = '3e1c2f5a-0b1d-4c6e-9f00-aabbccddeeff'
const POD_ = POD.replaceAll('-', '_')

test.for<[who: string, file: string, podUid: string]>([
  [
    'Docker with cgroupfs, version 1',
    `12:pids:/docker/${ID}\n3:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`,
    '',
  ],
  ['Docker with systemd, version 2', `0::/system.slice/docker-${ID}.scope\n`, ''],
  [
    'a hybrid machine',
    `5:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/system.slice/containerd.service\n`,
    '',
  ],
  [
    'containerd with systemd in Kubernetes',
    `0::/kubepods.slice/kubepods-burstable-pod${POD_}.slice/cri-containerd-${ID}.scope\n`,
    POD,
  ],
  ['containerd with cgroupfs in Kubernetes', `4:memory:/kubepods/besteffort/pod${POD}/${ID}\n`, POD],
  [
    'containerd below its own unit',
    `3:memory:/system.slice/containerd.service/kubepods-pod${POD_}.slice:cri-containerd:${ID}\n`,
    POD,
  ],
  ['CRI-O', `0::/kubepods.slice/kubepods-pod${POD_}.slice/crio-${ID}.scope/container\n`, POD],
  [
    'a pod of the node itself',
    `0::/kubepods/pod0123456789abcdef0123456789abcdef/${ID}\n`,
    '0123456789abcdef0123456789abcdef',
  ],
  ['Podman, whose processes are one level deeper', `0::/machine.slice/libpod-${ID}.scope/container\n`, ''],
  ['a container in a container: the inner one', `0::/docker/${OUTER}/docker/${ID}\n`, ''],
])('%s', ([, file, podUid]) => {
  expect(cgroupFactsFromFile(file)).toEqual({ containerId: ID, podUid })
})

test.for([
  '0::/\n',
  '0::/user.slice/user-1000.slice/session-2.scope\n',
  '12:pids:/system.slice/nginx.service\n0::/system.slice/nginx.service\n',
  `0::/system.slice/${ID.slice(1)}.scope\n`,
  '0::/podman/pod12\n',
  '',
])('outside of containers there is no id (%j)', (file) => {
  expect(cgroupFactsFromFile(file)).toEqual({ containerId: '', podUid: '' })
})

test('of names the first that holds an id counts', () => {
  const names = ['init.scope', `docker-${ID}.scope`, `crio-${OUTER}.scope`]
  expect(cgroupFactsFrom(names)).toEqual({ containerId: ID, podUid: '' })
  expect(cgroupFactsFrom(['', 'kubepods.slice'])).toEqual({ containerId: '', podUid: '' })
})
