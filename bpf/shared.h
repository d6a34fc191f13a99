/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The ring buffer, the memory shared with the agent, and what every program uses of them. */
#ifndef QTAP_SHARED_H
#define QTAP_SHARED_H

#include "kernel.h"
#include "wire.h"

/* The agent sets the size before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20);
} records SEC(".maps");

/* Lies alone in .bss, which the agent maps; both sides read and write it in place. */
volatile struct wire_shared shared;

#define COUNT(counter, amount)                                                                     \
	(shared.counters[bpf_get_smp_processor_id() & (WIRE_CPUS - 1)].counter += (amount))

/* Nobody is woken per record: the agent polls, and asks to be woken only when much has come in. */
static __always_inline __u64 wake_flag(void)
{
	if (shared.reader_waits && bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > shared.wake_bytes) {
		shared.reader_waits = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	return BPF_RB_NO_WAKEUP;
}

/*
 * The ring buffer's room holds what was written there before. A read that fails fills its target with zeros,
 * which is the shortest way to clear a large record, so that a recording keeps nothing of other programs.
 */
#define CLEAR(record) bpf_probe_read_kernel(record, sizeof(*(record)), NULL)

/* From 5.11 on a task's fields can be read directly instead of by a helper call each. */
#define HAS_TASK_BTF bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

/* When the present process was started: its leader's time, whichever of its threads this is. */
static __always_inline __u64 started_at(void)
{
	struct task_struct *task;

	if (HAS_TASK_BTF)
		return bpf_get_current_task_btf()->group_leader->start_boottime;
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

static __always_inline void fill_header(struct wire_header *header, __u32 kind, __u32 process, __u64 since)
{
	header->kind = kind;
	header->process = process;
	header->at = bpf_ktime_get_boot_ns();
	header->started_at = since;
}

/* Processes of which something is skipped: WIRE_SKIP_*. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} ignored SEC(".maps");

/* The only processes watched when `tree_only` is set; children join their parents here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} tree SEC(".maps");

/* Of processes outside the tree nothing is said at all: what they are called with is nobody's business. */
static __always_inline int in_tree(__u32 process)
{
	return !shared.tree_only || bpf_map_lookup_elem(&tree, &process);
}

static __always_inline __u32 skips_of(__u32 process)
{
	__u8 *skips;

	if (process == shared.own_process || !in_tree(process))
		return WIRE_SKIP_ALL;
	if (!shared.any_ignored)
		return 0;
	skips = bpf_map_lookup_elem(&ignored, &process);
	return skips ? *skips : 0;
}

#endif
