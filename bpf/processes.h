/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Who a process is, taken while it certainly exists: a program that lives 5 ms is gone before anybody reads
 * /proc.
 */
#ifndef QTAP_PROCESSES_H
#define QTAP_PROCESSES_H

#include "environment.h"
#include "paths.h"

#define CGROUP_LEVELS_MAX 8
#define CONTAINER_ID_BYTES 64

/*
 * The innermost name that is long enough for a container's id, and the one above it, where its pod is. A
 * container may have groups of its own inside.
 */
static __always_inline void write_cgroup(struct cgroup *cgroup, __u8 *name, __u8 *parent_name)
{
	const char *text;

	for (int level = 0; level < CGROUP_LEVELS_MAX && cgroup; level++) {
		text = BPF_CORE_READ(cgroup, kn, name);
		cgroup = BPF_CORE_READ(cgroup, self.parent, cgroup);
		if (!text || bpf_probe_read_kernel_str(name, WIRE_CGROUP_BYTES, text) <= CONTAINER_ID_BYTES)
			continue;
		text = BPF_CORE_READ(cgroup, kn, name);
		if (text)
			bpf_probe_read_kernel_str(parent_name, WIRE_CGROUP_BYTES, text);
		return;
	}
	name[0] = 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	struct file *file = BPF_CORE_READ(binprm, file);
	struct wire_exec *record;
	unsigned long start, length;
	__u64 flags = BPF_RB_NO_WAKEUP;
	__u32 process = BPF_CORE_READ(task, tgid);

	/* What is skipped is decided for the program, and this is another one. */
	if (shared.any_ignored)
		bpf_map_delete_elem(&ignored, &process);
	if (!in_tree(process))
		return 0;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	CLEAR(record);
	fill_header(&record->header, WIRE_EXEC, process, started_at());
	record->parent = BPF_CORE_READ(task, real_parent, tgid);
	record->user = BPF_CORE_READ(task, cred, euid.val);
	if (first_time(file, &record->inode, &record->device))
		flags = BPF_RB_FORCE_WAKEUP;
	record->path_length = write_path(file, record->path);
	start = BPF_CORE_READ(task, mm, arg_start);
	length = BPF_CORE_READ(task, mm, arg_end) - start;
	if (length > WIRE_ARGS_BYTES)
		length = WIRE_ARGS_BYTES;
	record->args_length = bpf_probe_read_user(record->args, length, (void *)start) ? 0 : length;
	BPF_CORE_READ_STR_INTO(&record->hostname, task, nsproxy, uts_ns, name.nodename);
	write_environment(task, record);
	write_cgroup(BPF_CORE_READ(task, cgroups, dfl_cgrp), record->cgroup, record->cgroup_parent);
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		write_cgroup(BPF_CORE_READ(task, cgroups,
					   subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)], cgroup),
			     record->cgroup1, record->cgroup1_parent);
	bpf_ringbuf_submit(record, flags);
	return 0;
}

/* A child begins with what its parent has; an entry of its own would be of a former owner of its number. */
static __always_inline void inherit_skips(__u32 parent, __u32 child)
{
	__u8 *skips = bpf_map_lookup_elem(&ignored, &parent);
	__u8 copy;

	if (skips) {
		copy = *skips;
		bpf_map_update_elem(&ignored, &child, &copy, BPF_ANY);
	} else {
		bpf_map_delete_elem(&ignored, &child);
	}
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
	if (shared.any_ignored)
		inherit_skips(from, process);
	if (!in_tree(from))
		return 0;
	if (shared.tree_only)
		bpf_map_update_elem(&tree, &process, &one, BPF_ANY);
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	fill_header(&record->header, WIRE_FORK, process, BPF_CORE_READ(child, start_boottime));
	record->parent_started_at = BPF_CORE_READ(parent, group_leader, start_boottime);
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
	bpf_map_delete_elem(&ignored, &process);
	if (!in_tree(process))
		return 0;
	bpf_map_delete_elem(&tree, &process);
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	fill_header(&record->header, WIRE_EXIT, process, BPF_CORE_READ(task, group_leader, start_boottime));
	bpf_ringbuf_submit(record, wake_flag());
	return 0;
}

/*
 * Servers begin as root and go on as somebody else. C libraries let every thread call: the first one tells.
 */
static __always_inline int changed_user(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 process_thread = bpf_get_current_pid_tgid();
	__u32 process = process_thread >> 32;
	struct wire_user *record;

	if (process != (__u32)process_thread || !in_tree(process))
		return 0;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	fill_header(&record->header, WIRE_USER, process, started_at());
	record->user = BPF_CORE_READ(task, cred, euid.val);
	record->reserved = 0;
	bpf_ringbuf_submit(record, wake_flag());
	return 0;
}

#endif
