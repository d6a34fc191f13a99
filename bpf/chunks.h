/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Turns the bytes of one call, wherever they lie in the memory of its process, into records. */
#ifndef QTAP_CHUNKS_H
#define QTAP_CHUNKS_H

#include "shared.h"

#define RECORD_HEADER_BYTES 5 /* of TLS */
#define CHUNK_BYTES 32696 /* of the largest record; sizes below leave room for the record's own header */

/* Where a call's bytes lie in the memory of its process. */
enum shape {
	SHAPE_UNSEEN,   /* nowhere: only their number is known */
	SHAPE_BUFFER,
	SHAPE_VECTOR,   /* iovecs */
	SHAPE_MESSAGE,  /* one msghdr */
	SHAPE_MESSAGES, /* mmsghdrs, each with the number of bytes it moved */
};

/*
 * One call while it is turned into records. Kept in memory and worked on in steps by a function of its own,
 * so that the verifier looks at one step and not at all paths through all of them.
 */
struct call {
	__u64 key;
	__u64 position;
	__u64 at;
	__u64 process_thread;
	__u64 started_at;
	const void *base;              /* what is left of the present segment */
	__u64 base_bytes;
	const struct iovec *segments;  /* those still to come */
	__u64 segments_left;
	const struct mmsghdr *messages;
	__u32 messages_left;
	__u32 message_bytes;           /* what is left of the present message, or of the call */
	__u32 left;
	__u32 copy;                    /* bytes that may still be copied */
	__u32 direction;
	__u32 prefix_bytes;            /* held bytes that go in front of the next record's */
	__u8 prefix[8];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

static __always_inline struct call *present_call(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&calls, &zero);
}

static __always_inline __u32 smaller(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

#define TRY_SIZE(room)                                                                             \
	if (copied <= (room)) {                                                                        \
		record = bpf_ringbuf_reserve(&records, sizeof(*record) + RECORD_HEADER_BYTES + (room), 0); \
		if (!record)                                                                               \
			goto lost;                                                                             \
		if (call->prefix_bytes) {                                                                  \
			__builtin_memcpy(record->payload, call->prefix, RECORD_HEADER_BYTES);                  \
			failed = bpf_probe_read_user(record->payload + RECORD_HEADER_BYTES, copied, (void *)from); \
		} else {                                                                                   \
			failed = bpf_probe_read_user(record->payload, copied, (void *)from);                   \
		}                                                                                          \
		goto submit;                                                                               \
	}

/*
 * One record for the call's next `length` bytes, of which the first `copied` (at most CHUNK_BYTES) are at
 * `from`.
 */
__noinline int emit(__u64 from, __u32 length, __u32 copied)
{
	struct call *call = present_call();
	struct wire_bytes *record;
	__u32 prefix_bytes;
	long failed = 0;

	if (!call)
		return 0;
	prefix_bytes = call->prefix_bytes ? RECORD_HEADER_BYTES : 0;
	barrier_var(copied);
	TRY_SIZE(0)
	TRY_SIZE(192)
	TRY_SIZE(448)
	TRY_SIZE(960)
	TRY_SIZE(1984)
	TRY_SIZE(4032)
	TRY_SIZE(8128)
	TRY_SIZE(17352)
	TRY_SIZE(CHUNK_BYTES)
	return 0;
submit:
	if (failed) {
		COUNT(reads_failed, 1);
		copied = 0;
	}
	record->header.kind = WIRE_BYTES;
	record->header.process = call->process_thread >> 32;
	record->header.at = call->at;
	record->header.started_at = call->started_at;
	record->key = call->key;
	record->position = call->position;
	record->thread = call->process_thread;
	record->length = length + prefix_bytes;
	record->captured = copied + prefix_bytes;
	record->direction = call->direction;
	COUNT(bytes_copied, copied + prefix_bytes);
	bpf_ringbuf_submit(record, wake_flag());
	goto pass;
lost:
	COUNT(records_lost, 1);
	COUNT(bytes_lost, copied + prefix_bytes);
pass:
	call->position += length + prefix_bytes;
	call->prefix_bytes = 0;
	call->left -= length;
	call->message_bytes -= length;
	return 0;
}

/* One record, or one look at the next segment or message. Zero when nothing is left that could be copied. */
__noinline int step(__u32 unused)
{
	struct call *call = present_call();
	struct mmsghdr message;
	struct iovec segment;
	__u32 length;

	if (!call || !call->left || !call->copy)
		return 0;
	/* A segment is looked at and copied in one step: writes of many small segments are ordinary. */
	if (!call->base_bytes && call->segments_left && call->message_bytes) {
		if (bpf_probe_read_user(&segment, sizeof(segment), call->segments))
			return 0;
		call->segments++;
		call->segments_left--;
		call->base = segment.iov_base;
		call->base_bytes = segment.iov_len;
		if (!call->base_bytes)
			return 1;
	}
	if (call->base_bytes && call->message_bytes) {
		length = smaller(smaller(call->base_bytes, call->message_bytes), smaller(call->copy, CHUNK_BYTES));
		call->copy -= length;
		call->base_bytes -= length;
		call->base += length;
		emit((__u64)call->base - length, length, length);
		return 1;
	}
	if (!call->messages_left || bpf_probe_read_user(&message, sizeof(message), call->messages))
		return 0;
	call->messages++;
	call->messages_left--;
	call->segments = message.msg_hdr.msg_iov;
	call->segments_left = message.msg_hdr.msg_iovlen;
	call->message_bytes = message.msg_len;
	call->base_bytes = 0;
	return 1;
}

#endif
