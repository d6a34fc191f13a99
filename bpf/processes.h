/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Who a process is, taken while it certainly exists: a program that lives 5 ms is gone before anybody reads
 * /proc.
 */
#ifndef QTAP_PROCESSES_H
#define QTAP_PROCESSES_H

#include "paths.h"

static __always_inline void write_cgroup(struct cgroup *cgroup, __u8 *name, __u8 *parent_name)
{
	const char *text = BPF_CORE_READ(cgroup, kn, name);

	name[0] = parent_name[0] = 0;
	if (text)
		bpf_probe_read_kernel_str(name, WIRE_CGROUP_BYTES, text);
	text = BPF_CORE_READ(cgroup, self.parent, cgroup, kn, name);
	if (text)
		bpf_probe_read_kernel_str(parent_name, WIRE_CGROUP_BYTES, text);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	struct file *file = BPF_CORE_READ(binprm, file);
	struct wire_exec *record;
	unsigned long start, length;
	__u64 flags = BPF_RB_NO_WAKEUP;
	__u32 process = BPF_CORE_READ(task, tgid);

	if (!in_tree(process))
		return 0;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	CLEAR(record);
	fill_header(&record->header, WIRE_EXEC, process);
	record->started_at = BPF_CORE_READ(task, group_leader, start_boottime);
	record->parent = BPF_CORE_READ(task, real_parent, tgid);
	record->user = bpf_get_current_uid_gid();
	if (first_time(file, &record->inode, &record->device))
		flags = BPF_RB_FORCE_WAKEUP;
	record->path_length = write_path(file, record->path);
	start = BPF_CORE_READ(task, mm, arg_start);
	length = BPF_CORE_READ(task, mm, arg_end) - start;
	if (length > WIRE_ARGS_BYTES)
		length = WIRE_ARGS_BYTES;
	record->args_length = bpf_probe_read_user(record->args, length, (void *)start) ? 0 : length;
	write_cgroup(BPF_CORE_READ(task, cgroups, dfl_cgrp), record->cgroup, record->cgroup_parent);
	record->cgroup1[0] = record->cgroup1_parent[0] = 0;
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		write_cgroup(BPF_CORE_READ(task, cgroups,
					   subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)], cgroup),
			     record->cgroup1, record->cgroup1_parent);
	bpf_ringbuf_submit(record, flags);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct wire_fork *record;
	__u32 process = BPF_CORE_READ(child, tgid);
	__u32 from = BPF_CORE_READ(parent, tgid);
	__u8 one = 1;

	if (process == from) /* a thread */
		return 0;
	if (!in_tree(from))
		return 0;
	if (shared.tree_only)
		bpf_map_update_elem(&tree, &process, &one, BPF_ANY);
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	fill_header(&record->header, WIRE_FORK, process);
	record->started_at = BPF_CORE_READ(child, start_boottime);
	record->parent = from;
	record->reserved = 0;
	bpf_ringbuf_submit(record, wake_flag());
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct wire_exit *record;
	__u32 process;

	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	process = BPF_CORE_READ(task, tgid);
	if (!in_tree(process))
		return 0;
	bpf_map_delete_elem(&ignored, &process);
	bpf_map_delete_elem(&tree, &process);
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	fill_header(&record->header, WIRE_EXIT, process);
	bpf_ringbuf_submit(record, wake_flag());
	return 0;
}

#endif
