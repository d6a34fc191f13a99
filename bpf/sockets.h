/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* TCP sockets from established to destroyed, and those that were there before the agent. */
#ifndef QTAP_SOCKETS_H
#define QTAP_SOCKETS_H

#include "shared.h"

struct socket_state {
	__u64 key;
	__u64 sent;     /* position of the next byte */
	__u64 received;
	__u32 sent_seq; /* TCP's number of that byte */
	__u32 received_seq;
	__u64 held_at;  /* position of a record header that waits for its record */
	__u8 held[8];
	__u32 held_bytes;
	__u32 end_seq;  /* what TCP would have numbered the next byte sent, when it let the connection go */
	__u32 ended;
	__u32 told; /* 1: who uses it was said once, by a process whose bytes are left out */
};

/* By address of the kernel's socket: whatever is not in here is not a watched TCP socket. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct socket_state);
} sockets SEC(".maps");

/* Who connects a socket that is not established yet. */
struct connecting {
	__u64 started_at;
	__u32 process;
	__u32 padding;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct connecting);
} connecting SEC(".maps");

/*
 * Local ports somebody listens on, by network namespace: tells which side of an old connection this host is.
 */
struct listening_key {
	__u64 net;
	__u32 port;
	__u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct listening_key);
	__type(value, __u8);
} listening SEC(".maps");

/*
 * The socket's cookie, which tracing programs can have from 5.12 on. Before, 26 bits of its address and 27 of
 * the time (in steps of 16 us) serve: unlike the address alone they are not used again for the next socket at
 * the same place.
 */
static __always_inline __u64 socket_key(void *sk)
{
	__u64 address = 0;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_check_mtu))
		return bpf_get_socket_cookie(sk);
	/* Read, not cast: the verifier lets nobody calculate with a pointer it knows. */
	bpf_probe_read_kernel(&address, sizeof(address), &sk);
	return (address >> 6 & 0x3ffffff) << 27 | (bpf_ktime_get_boot_ns() >> 14 & 0x7ffffff);
}

static __always_inline void read_addresses(struct sock_common *common, struct wire_addresses *to)
{
	__u16 family = BPF_CORE_READ(common, skc_family);

	__builtin_memset(to->local, 0, sizeof(to->local));
	__builtin_memset(to->remote, 0, sizeof(to->remote));
	if (family == AF_INET) {
		__u32 local = BPF_CORE_READ(common, skc_rcv_saddr);
		__u32 remote = BPF_CORE_READ(common, skc_daddr);
		to->local[10] = to->local[11] = 0xff;
		to->remote[10] = to->remote[11] = 0xff;
		__builtin_memcpy(to->local + 12, &local, 4);
		__builtin_memcpy(to->remote + 12, &remote, 4);
	} else {
		BPF_CORE_READ_INTO(&to->local, common, skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&to->remote, common, skc_v6_daddr.in6_u.u6_addr8);
	}
	to->local_port = BPF_CORE_READ(common, skc_num);
	to->remote_port = __builtin_bswap16(BPF_CORE_READ(common, skc_dport));
}

static __always_inline int is_ipv4(const __u8 *address)
{
	const __u64 *whole = (const __u64 *)address;

	return whole[0] == 0 && *(const __u32 *)(address + 8) == 0xffff0000;
}

/* 127.0.0.0/8 and ::1. */
static __always_inline int is_loopback(const __u8 *address)
{
	const __u64 *whole = (const __u64 *)address;

	if (is_ipv4(address))
		return address[12] == 127;
	return whole[0] == 0 && whole[1] == (1ULL << 56);
}

/* RFC 1918 and fc00::/7. */
static __always_inline int is_private(const __u8 *address)
{
	if (!is_ipv4(address))
		return (address[0] & 0xfe) == 0xfc;
	return address[12] == 10 || (address[12] == 172 && (address[13] & 0xf0) == 16) ||
	       (address[12] == 192 && address[13] == 168);
}

static __always_inline int connection_watched(const struct wire_opened *opened)
{
	const struct wire_addresses *ends = &opened->addresses;
	__u32 watch = shared.watch;

	if (!(watch & WIRE_WATCH_LOOPBACK) && (is_loopback(ends->remote) || is_loopback(ends->local)))
		return 0;
	if (opened->role == WIRE_SERVER)
		return watch & WIRE_WATCH_SERVER;
	return watch & (is_private(ends->remote) ? WIRE_WATCH_CLIENT_PRIVATE : WIRE_WATCH_CLIENT_PUBLIC);
}

/* `opened` is filled but for its key, and of its header there is only the process. */
static __always_inline void remember(__u64 sk, __u64 key, __u32 write_seq, __u32 copied_seq,
				     const struct wire_opened *opened, __u64 flags)
{
	struct socket_state state = {
		.key = key,
		.sent_seq = write_seq,
		.received_seq = copied_seq,
	};
	struct wire_opened *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	long failed;

	/* A connection that could not be announced is not watched at all, and counted. */
	if (!record) {
		COUNT(records_lost, 1);
		COUNT(sockets_refused, 1);
		return;
	}
	failed = bpf_map_update_elem(&sockets, &sk, &state, flags);
	if (failed) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		if (failed != -EEXIST)
			COUNT(sockets_refused, 1);
		return;
	}
	__builtin_memcpy(record, opened, sizeof(*record));
	fill_header(&record->header, WIRE_OPENED, opened->header.process, opened->header.started_at);
	record->key = key;
	bpf_ringbuf_submit(record, wake_flag());
}

/*
 * Bytes that passed after the last call we saw; the end of a direction takes one sequence number of its own.
 */
static __always_inline __u32 unseen(__u32 advance)
{
	return advance ? advance - 1 : 0;
}

/*
 * Reports the totals and forgets the socket. A connection that was cut off by its own side (closed with
 * SO_LINGER of 0, or disconnected) has got other numbers since: nothing passed after its state was TCP_CLOSE.
 */
static __always_inline void forget(__u64 address)
{
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &address);
	struct tcp_sock *tcp = (struct tcp_sock *)address;
	struct wire_closed *record;
	__u32 write_seq;

	if (!state)
		return;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (record) {
		fill_header(&record->header, WIRE_CLOSED, 0, 0);
		write_seq = BPF_CORE_READ(tcp, write_seq);
		record->key = state->key;
		record->sent = state->sent;
		record->received = state->received;
		if (state->ended && state->end_seq != write_seq) {
			record->sent += unseen(state->end_seq - state->sent_seq);
		} else {
			record->sent += unseen(write_seq - state->sent_seq);
			record->received += unseen(BPF_CORE_READ(tcp, copied_seq) - state->received_seq);
		}
		bpf_ringbuf_submit(record, wake_flag());
	} else {
		COUNT(records_lost, 1);
	}
	bpf_map_delete_elem(&sockets, &address);
}

static __always_inline void note_end(struct sock *sk)
{
	__u64 address = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &address);

	if (!state)
		return;
	state->end_seq = BPF_CORE_READ((struct tcp_sock *)sk, write_seq);
	state->ended = 1;
}

/* A socket leaves for TCP_SYN_SENT in the call of the process that connects it. */
static __always_inline void note_connecting(__u64 address)
{
	struct connecting who = {
		.process = bpf_get_current_pid_tgid() >> 32,
		.started_at = started_at(),
	};

	bpf_map_update_elem(&connecting, &address, &who, BPF_ANY);
}

/* Who connected this socket, if anybody. False when that is nobody's business. */
static __always_inline int name_connecting(__u64 address, struct wire_opened *opened)
{
	struct connecting *who = bpf_map_lookup_elem(&connecting, &address);
	__u32 process;

	if (!who)
		return 1;
	process = opened->header.process = who->process;
	opened->header.started_at = who->started_at;
	opened->role = WIRE_CLIENT;
	bpf_map_delete_elem(&connecting, &address);
	return in_tree(process);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_socket_state, struct sock *sk, int old_state, int new_state)
{
	struct wire_opened opened = {};
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	struct listening_key port = {};
	__u64 address = (__u64)sk;
	__u8 one = 1;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (new_state == TCP_LISTEN) {
		port.net = (__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net);
		port.port = BPF_CORE_READ(sk, __sk_common.skc_num);
		bpf_map_update_elem(&listening, &port, &one, BPF_ANY);
		return 0;
	}
	if (new_state == TCP_SYN_SENT)
		note_connecting(address);
	if (new_state == TCP_CLOSE) {
		note_end(sk);
		bpf_map_delete_elem(&connecting, &address);
	}
	if (new_state != TCP_ESTABLISHED)
		return 0;
	forget(address); /* its former connection, if it was disconnected and is used again */
	read_addresses(&sk->__sk_common, &opened.addresses);
	opened.role = old_state == TCP_SYN_SENT ? WIRE_CLIENT : WIRE_SERVER;
	if (!name_connecting(address, &opened) || !connection_watched(&opened))
		return 0;
	remember(address, socket_key(sk), BPF_CORE_READ(tcp, write_seq), BPF_CORE_READ(tcp, copied_seq),
		 &opened, BPF_ANY);
	return 0;
}

/* The last moment of a socket: a half-closed one may be read from long after its state is TCP_CLOSE. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_socket_destroyed, struct sock *sk)
{
	__u64 address = (__u64)sk;

	bpf_map_delete_elem(&connecting, &address);
	forget(address);
	return 0;
}

/* Read once in each network namespace at start: listeners come first, then connections. */
SEC("iter/tcp")
int backfill(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct wire_opened opened = {};
	struct listening_key port = {};
	struct tcp_sock *tcp;
	__u8 state, one = 1;

	if (!common)
		return 0;
	state = common->skc_state;
	port.net = (__u64)BPF_CORE_READ(common, skc_net.net);
	port.port = common->skc_num;
	if (state == TCP_LISTEN) {
		bpf_map_update_elem(&listening, &port, &one, BPF_ANY);
		return 0;
	}
	if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT && state != TCP_FIN_WAIT1 &&
	    state != TCP_FIN_WAIT2)
		return 0;
	tcp = bpf_skc_to_tcp_sock(common);
	if (!tcp)
		return 0;
	read_addresses(common, &opened.addresses);
	opened.role = bpf_map_lookup_elem(&listening, &port) ? WIRE_SERVER : WIRE_CLIENT;
	opened.joined_late = 1;
	if (!connection_watched(&opened))
		return 0;
	remember((__u64)tcp, socket_key(common), tcp->write_seq, tcp->copied_seq, &opened, BPF_NOEXIST);
	return 0;
}

#endif
