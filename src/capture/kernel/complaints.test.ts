import { expect, test } from 'vitest'
import { reasonIn } from './complaints.ts'

const LOG = `libbpf: prog 'on_socket_state': BPF program load failed: Invalid argument
libbpf: prog 'on_socket_state': -- BEGIN PROG LOAD LOG --
187: (18) r1 = 0x0
math between ptr_ pointer and 281474976710655 is not allowed
processed 146 insns (limit 1000000) max_states_per_insn 0 total_states 10 peak_states 10 mark_read 7
-- END PROG LOAD LOG --
libbpf: prog 'on_socket_state': failed to load: -22
libbpf: failed to load object 'qtap.bpf.o'
`

test('a refused program is named with the last thing the verifier said of it', () => {
  expect(reasonIn(LOG)).toBe('on_socket_state: math between ptr_ pointer and 281474976710655 is not allowed')
})

test('a program that was refused without a log is named', () => {
  expect(reasonIn("libbpf: prog 'on_call': failed to load: -1\n")).toBe('on_call')
})

test('warnings about anything but a program say nothing', () => {
  expect(reasonIn('libbpf: Error in bpf_create_map_xattr(records): Invalid argument(-22).\n')).toBe('')
})
