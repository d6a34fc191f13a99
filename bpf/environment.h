/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Those variables of a new program's environment that were asked for, by how they begin. All others are
 * passed over and never leave the memory of their process.
 */
#ifndef QTAP_ENVIRONMENT_H
#define QTAP_ENVIRONMENT_H

#include "shared.h"

#define ENVIRONMENT_STRINGS_MAX 1024

/*
 * Each string is read behind those that are kept, and stays there if it is one of them. Like a path, it is
 * worked on in steps by a function of its own.
 */
struct environment_room {
	__u8 bytes[2 * WIRE_ENVIRONMENT_BYTES];
	__u64 from; /* in the memory of the process */
	__u64 end;
	__u32 at;
	__u32 inside; /* 1: what comes next goes on with a string that was too long for one step */
	__u32 cut;
	__u32 padding;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct environment_room);
} environment_rooms SEC(".maps");

static __always_inline struct environment_room *environment_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&environment_rooms, &zero);
}

static __always_inline int is_wanted(const __u8 *string)
{
	__u64 first = *(const __u64 *)string, mask;

	for (int index = 0; index < WIRE_ENVIRONMENT_PREFIXES; index++) {
		mask = shared.environment_masks[index];
		if (!mask)
			return 0;
		if ((first & mask) == shared.environment[index])
			return 1;
	}
	return 0;
}

/* One string. Zero when it was the last, or its page is not in memory. */
__noinline int environment_step(__u32 unused)
{
	struct environment_room *room = environment_room();
	__u32 at, whole;
	__u8 *string;
	long length;

	if (!room || room->from >= room->end)
		return 0;
	at = room->at & (WIRE_ENVIRONMENT_BYTES - 1);
	barrier_var(at);
	at &= WIRE_ENVIRONMENT_BYTES - 1;
	string = &room->bytes[at];
	length = bpf_probe_read_user_str(string, WIRE_ENVIRONMENT_BYTES, (void *)room->from);
	if (length <= 0) {
		room->cut = 1;
		return 0;
	}
	whole = length < WIRE_ENVIRONMENT_BYTES;
	if (!room->inside && is_wanted(string)) {
		if (whole && at + length < WIRE_ENVIRONMENT_BYTES)
			room->at = at + length;
		else
			room->cut = 1;
	}
	room->inside = !whole;
	room->from += whole ? length : WIRE_ENVIRONMENT_BYTES - 1;
	return 1;
}

static __always_inline void write_environment(struct task_struct *task, struct wire_exec *record)
{
	struct environment_room *room = environment_room();
	__u32 length;

	if (!room || !shared.environment_masks[0])
		return;
	room->from = BPF_CORE_READ(task, mm, env_start);
	room->end = BPF_CORE_READ(task, mm, env_end);
	room->at = room->inside = room->cut = 0;
	for (int index = 0; index < ENVIRONMENT_STRINGS_MAX; index++)
		if (!environment_step(0))
			break;
	length = room->at & (WIRE_ENVIRONMENT_BYTES - 1);
	barrier_var(length);
	length &= WIRE_ENVIRONMENT_BYTES - 1;
	bpf_probe_read_kernel(record->environment, length, room->bytes);
	record->environment_length = length;
	record->environment_cut = room->cut || room->from < room->end;
}

#endif
