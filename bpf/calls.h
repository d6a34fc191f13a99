/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Bytes of system calls. One program at the exit of system calls: the registers still hold the arguments
 * there, so no entry program and no per-thread table are needed, and a call that failed or moved nothing
 * costs next to nothing.
 * Positions are TCP's own sequence numbers: what passed by a way not seen here shows as a jump, never as
 * silence.
 */
#ifndef QTAP_CALLS_H
#define QTAP_CALLS_H

#include "chunks.h"
#include "datagrams.h"
#include "processes.h"
#include "sockets.h"

#define SYS_read 0
#define SYS_write 1
#define SYS_mmap 9
#define SYS_readv 19
#define SYS_writev 20
#define SYS_sendfile 40
#define SYS_accept 43
#define SYS_sendto 44
#define SYS_recvfrom 45
#define SYS_sendmsg 46
#define SYS_recvmsg 47
#define SYS_setuid 105
#define SYS_setreuid 113
#define SYS_setresuid 117
#define SYS_splice 275
#define SYS_accept4 288
#define SYS_preadv 295
#define SYS_pwritev 296
#define SYS_recvmmsg 299
#define SYS_sendmmsg 307
#define SYS_preadv2 327
#define SYS_pwritev2 328

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000
#define TS_COMPAT 2

#define STEPS_MAX 1152  /* a step is a record; a call may have 1,024 segments */
#define MESSAGES_MAX 64
#define LONG_CALL_BYTES 4096

static __always_inline int is_32bit(void)
{
	struct task_struct *task;

	if (HAS_TASK_BTF)
		return bpf_get_current_task_btf()->thread_info.status & TS_COMPAT;
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
}

static __always_inline struct file *file_of(int descriptor)
{
	struct file **files;
	struct file *file = NULL;
	__u32 limit;

	if (HAS_TASK_BTF) {
		struct fdtable *table = bpf_get_current_task_btf()->files->fdt;

		files = table->fd;
		limit = table->max_fds;
	} else {
		struct task_struct *task = (void *)bpf_get_current_task();
		struct fdtable *table = BPF_CORE_READ(task, files, fdt);

		files = BPF_CORE_READ(table, fd);
		limit = BPF_CORE_READ(table, max_fds);
	}
	if ((__u32)descriptor < limit)
		bpf_probe_read_kernel(&file, sizeof(file), files + (__u32)descriptor);
	return file;
}

/*
 * NULL for anything but a watched TCP socket: an address that is not in the table may be no socket's at all.
 */
static __always_inline struct socket_state *socket_of(struct file *file, __u64 *address)
{
	struct socket *socket;

	*address = 0;
	if (!file)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	if (!socket)
		return NULL;
	*address = (__u64)BPF_CORE_READ(socket, sk);
	return bpf_map_lookup_elem(&sockets, address);
}

static __always_inline int is_socket(struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK;
}

static __always_inline __u32 mode_of(const struct socket_state *state)
{
	__u64 entry = shared.modes[((__u32)state->key * 2654435761u >> 8) & (WIRE_MODES - 1)];

	return entry >> 32 == (__u32)state->key ? (__u32)entry : WIRE_DETECT;
}

/* How many bytes of the next call may be copied. */
static __always_inline __u32 copy_limit(__u32 mode, __u64 position)
{
	if (mode == WIRE_DETECT)
		return position < WIRE_DETECT_BYTES ? WIRE_CALL_BYTES : LONG_CALL_BYTES;
	return mode == WIRE_WHOLE ? WIRE_CALL_BYTES : mode;
}

/*
 * Advances this direction of the socket to where TCP stands after a call that moved `bytes`, and says where
 * they began.
 * False when the call is not this socket's latest any more.
 */
static __always_inline int advance(struct socket_state *state, __u64 address, __u32 direction, __u32 bytes,
				   __u64 *position)
{
	struct tcp_sock *tcp = (struct tcp_sock *)address;
	__u32 passed;

	if (direction == WIRE_SENT) {
		passed = BPF_CORE_READ(tcp, write_seq) - state->sent_seq;
		if (passed < bytes || passed > 0x7fffffff)
			return 0;
		state->sent_seq += passed;
		state->sent += passed;
		*position = state->sent - bytes;
		return 1;
	}
	passed = BPF_CORE_READ(tcp, copied_seq) - state->received_seq;
	if (passed < bytes || passed > 0x7fffffff)
		return 0;
	state->received_seq += passed;
	/* Reading the peer's end of stream takes one sequence number more than it gives bytes. */
	if (passed == bytes + 1)
		passed = bytes;
	state->received += passed;
	*position = state->received - bytes;
	return 1;
}

/*
 * TLS libraries read a record's header by a call of its own. It is held until the next call on this socket,
 * which reads the record: one record in the ring buffer instead of two, and the whole of it in one piece.
 * True when it was held.
 */
static __always_inline int hold_header(struct socket_state *state, __u64 position, const void *where)
{
	__u8 header[RECORD_HEADER_BYTES];

	if (bpf_probe_read_user(header, sizeof(header), where))
		return 0;
	if (header[0] < 20 || header[0] > 24 || header[1] != 3 || header[3] > 0x48)
		return 0;
	__builtin_memcpy(state->held, header, sizeof(header));
	state->held_at = position;
	state->held_bytes = sizeof(header);
	return 1;
}

/* What was held goes in front of the call's bytes if these follow it, or else into a record of its own. */
static __always_inline void release_header(struct socket_state *state, struct call *call, __u32 shape)
{
	__u64 position = call->position;

	__builtin_memcpy(call->prefix, state->held, sizeof(call->prefix));
	call->prefix_bytes = RECORD_HEADER_BYTES;
	state->held_bytes = 0;
	call->position = state->held_at;
	if (state->held_at + RECORD_HEADER_BYTES == position && shape == SHAPE_BUFFER && call->copy)
		return;
	emit(0, 0, 0);
	call->position = position;
}

/* Where the bytes of a call lie. */
static __always_inline void locate(struct call *call, __u32 shape, __u64 where, __u64 count, __u32 bytes)
{
	struct msghdr header;

	if (shape == SHAPE_BUFFER) {
		call->base = (void *)where;
		call->base_bytes = bytes;
	} else if (shape == SHAPE_VECTOR) {
		call->segments = (void *)where;
		call->segments_left = count;
	} else if (shape == SHAPE_MESSAGE && !bpf_probe_read_user(&header, sizeof(header), (void *)where)) {
		call->segments = header.msg_iov;
		call->segments_left = header.msg_iovlen;
	} else if (shape == SHAPE_MESSAGES) {
		call->messages = (void *)where;
		call->messages_left = count;
		call->message_bytes = 0;
	} else {
		call->copy = 0;
	}
}

/*
 * All of one direction's part in a call that moved `bytes`; `where` and `count` mean what `shape` says. Of a
 * buffer, `count` is where the call named the other end, if it did.
 */
__noinline int moved(__u32 descriptor, __u32 direction_shape, __u64 where, __u64 count, __u32 bytes)
{
	__u64 process_thread = bpf_get_current_pid_tgid();
	__u32 shape = direction_shape >> 8, direction = direction_shape & 0xff;
	__u64 address;
	struct file *file = file_of(descriptor);
	struct socket_state *state = socket_of(file, &address);
	struct call *call = present_call();
	__u32 mode, skips;

	if (!call)
		return 0;
	if (!state) {
		if (!address || (direction == WIRE_SENT && !shared.dns_sent) || !is_socket(file))
			return 0;
		call->key = address;
		return datagram(direction_shape, where, count, bytes);
	}
	skips = skips_of(process_thread >> 32);
	if (!advance(state, address, direction, bytes, &call->position)) {
		COUNT(calls_overtaken, 1);
		return 0;
	}
	mode = mode_of(state);
	if (skips == WIRE_SKIP_ALL || mode == WIRE_IGNORE) /* totals are reported when it is destroyed */
		return 0;
	if (skips & WIRE_SKIP_DATA && state->told)
		return 0;
	call->key = state->key;
	call->at = bpf_ktime_get_boot_ns();
	call->process_thread = process_thread;
	call->started_at = started_at();
	call->direction = direction;
	call->left = call->message_bytes = bytes;
	call->copy = copy_limit(mode, call->position);
	call->segments_left = call->messages_left = call->base_bytes = call->prefix_bytes = 0;
	if (skips & WIRE_SKIP_DATA) { /* who uses the connection is said, not what for */
		state->told = 1;
		return emit(0, bytes, 0);
	}
	if (bytes >= LONG_CALL_BYTES && bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > shared.scarce_bytes) {
		/* What room is left is for heads, short messages, and for what opens and closes connections. */
		COUNT(bytes_left_out, bytes);
		call->copy = 0;
	}
	if (direction == WIRE_RECEIVED) {
		if (state->held_bytes)
			release_header(state, call, shape);
		else if (shape == SHAPE_BUFFER && bytes == RECORD_HEADER_BYTES &&
			 hold_header(state, call->position, (void *)where))
			return 0;
	}
	locate(call, shape, where, count, bytes);
	for (int index = 0; index < STEPS_MAX && call->left; index++)
		if (!step(0))
			break;
	if (call->left)
		emit(0, call->left, 0);
	return 0;
}

#define MOVED(descriptor, direction, shape, where, count, bytes)                                   \
	moved(descriptor, (direction) | (shape) << 8, where, count, bytes)

/* The numbers of bytes are in the messages; `count` of them were filled. */
__noinline int moved_messages(__u32 descriptor, __u32 direction, __u64 where, __u32 count)
{
	const struct mmsghdr *messages = (void *)where;
	__u32 bytes = 0, length = 0;

	for (int index = 0; index < MESSAGES_MAX && index < count; index++)
		if (!bpf_probe_read_user(&length, sizeof(length), &messages[index].msg_len))
			bytes += length;
	if (bytes)
		MOVED(descriptor, direction, SHAPE_MESSAGES, where, count, bytes);
	return 0;
}

static __always_inline int received_message(__u32 descriptor, __u64 where, __u32 flags, __u32 shape,
					    __u64 name, __u32 bytes)
{
	if (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	return MOVED(descriptor, WIRE_RECEIVED, flags & MSG_TRUNC ? SHAPE_UNSEEN : shape, where, name, bytes);
}

/* Who takes a connection over is said before its first byte. */
static __always_inline int accepted(int descriptor)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	__u64 address;
	struct socket_state *state = socket_of(file_of(descriptor), &address);
	struct wire_accepted *record;

	if (!state || !in_tree(process))
		return 0;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	fill_header(&record->header, WIRE_ACCEPTED, process, started_at());
	record->key = state->key;
	bpf_ringbuf_submit(record, wake_flag());
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_call, struct pt_regs *regs, long result)
{
	long call = regs->orig_ax;

	if (result < 0 || call < 0 || call > SYS_pwritev2)
		return 0;
	if (!result && call != SYS_accept && call != SYS_accept4)
		return call == SYS_setuid || call == SYS_setreuid || call == SYS_setresuid ? changed_user() : 0;
	/* Most calls are none of these; one test of a bit sends them away. */
	if (call < 64 ? !((1ULL << SYS_read | 1ULL << SYS_write | 1ULL << SYS_mmap | 1ULL << SYS_readv |
			   1ULL << SYS_writev | 1ULL << SYS_sendfile | 1ULL << SYS_sendto | 1ULL << SYS_recvfrom |
			   1ULL << SYS_sendmsg | 1ULL << SYS_recvmsg | 1ULL << SYS_accept) >> call & 1)
		      : call < SYS_splice)
		return 0;
	if (is_32bit()) {
		COUNT(calls_32bit, 1);
		return 0;
	}
	switch (call) {
	case SYS_read:
		return MOVED(regs->di, WIRE_RECEIVED, SHAPE_BUFFER, regs->si, 0, result);
	case SYS_write:
		return MOVED(regs->di, WIRE_SENT, SHAPE_BUFFER, regs->si, 0, result);
	case SYS_sendto:
		return regs->r10 & MSG_OOB ? 0 : MOVED(regs->di, WIRE_SENT, SHAPE_BUFFER, regs->si, regs->r8, result);
	case SYS_recvfrom:
		return received_message(regs->di, regs->si, regs->r10, SHAPE_BUFFER, regs->r8, result);
	case SYS_readv:
	case SYS_preadv:
	case SYS_preadv2:
		return MOVED(regs->di, WIRE_RECEIVED, SHAPE_VECTOR, regs->si, regs->dx, result);
	case SYS_writev:
	case SYS_pwritev:
	case SYS_pwritev2:
		return MOVED(regs->di, WIRE_SENT, SHAPE_VECTOR, regs->si, regs->dx, result);
	case SYS_sendmsg:
		return regs->dx & MSG_OOB ? 0 : MOVED(regs->di, WIRE_SENT, SHAPE_MESSAGE, regs->si, 0, result);
	case SYS_recvmsg:
		return received_message(regs->di, regs->si, regs->dx, SHAPE_MESSAGE, 0, result);
	case SYS_sendmmsg:
		return moved_messages(regs->di, WIRE_SENT, regs->si, result);
	case SYS_recvmmsg:
		if (regs->r10 & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE | MSG_TRUNC))
			return 0;
		return moved_messages(regs->di, WIRE_RECEIVED, regs->si, result);
	case SYS_accept:
	case SYS_accept4:
		return accepted(result);
	case SYS_sendfile:
		return MOVED(regs->di, WIRE_SENT, SHAPE_UNSEEN, 0, 0, result);
	case SYS_splice:
		MOVED(regs->di, WIRE_RECEIVED, SHAPE_UNSEEN, 0, 0, result);
		return MOVED(regs->dx, WIRE_SENT, SHAPE_UNSEEN, 0, 0, result);
	case SYS_mmap:
		if (regs->dx & PROT_EXEC && !(regs->r10 & MAP_ANONYMOUS))
			file_mapped(file_of(regs->r8), result);
		return 0;
	}
	return 0;
}

#endif
