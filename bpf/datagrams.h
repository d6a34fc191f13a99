/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Datagrams from and to port 53: what the DNS said an address is called. Only what is no watched TCP socket
 * comes here.
 */
#ifndef QTAP_DATAGRAMS_H
#define QTAP_DATAGRAMS_H

#include "chunks.h"
#include "sockets.h"

#define DNS_PORT 53
#define DNS_SHORT_BYTES 512
#define DATAGRAMS_MAX 16

/* Who the call itself named as the other end. False when it named nobody whose port is that of the DNS. */
static __always_inline int read_name(__u64 name, struct wire_addresses *addresses)
{
	struct {
		__u16 family;
		__u16 port;
		__u32 ipv4; /* of IPv6 the flow */
	} head;

	if (!name || bpf_probe_read_user(&head, sizeof(head), (void *)name))
		return 0;
	if (head.port != __builtin_bswap16(DNS_PORT))
		return 0;
	addresses->remote_port = DNS_PORT;
	if (head.family == AF_INET6)
		return !bpf_probe_read_user(addresses->remote, 16, (void *)(name + sizeof(head)));
	if (head.family != AF_INET)
		return 0;
	__builtin_memset(addresses->remote, 0, 10);
	addresses->remote[10] = addresses->remote[11] = 0xff;
	__builtin_memcpy(addresses->remote + 12, &head.ipv4, 4);
	return 1;
}

#define TRY_DNS_SIZE(room)                                                                         \
	if (captured <= (room)) {                                                                      \
		record = bpf_ringbuf_reserve(&records, sizeof(*record) + (room), 0);                       \
		if (!record)                                                                               \
			goto lost;                                                                             \
		failed = bpf_probe_read_user(record->payload, captured, from);                             \
		goto submit;                                                                               \
	}

/* The call says which socket (`key`), direction, and where the datagram of `left` bytes lies. */
__noinline int emit_datagram(__u64 name)
{
	struct call *call = present_call();
	struct wire_addresses addresses = {};
	struct sock_common *common;
	struct wire_dns *record;
	const void *from;
	__u32 captured;
	long failed;

	if (!call)
		return 0;
	common = (struct sock_common *)call->key;
	read_addresses(common, &addresses);
	if (!read_name(name, &addresses) && (addresses.remote_port != DNS_PORT || name))
		return 0;
	from = call->base;
	captured = smaller(smaller(call->base_bytes, call->left), WIRE_DNS_BYTES);
	barrier_var(captured);
	TRY_DNS_SIZE(DNS_SHORT_BYTES)
	TRY_DNS_SIZE(WIRE_DNS_BYTES)
	return 0;
submit:
	if (failed) {
		COUNT(reads_failed, 1);
		captured = 0;
	}
	fill_header(&record->header, WIRE_DNS, call->process_thread >> 32, call->started_at);
	__builtin_memcpy(&record->addresses, &addresses, sizeof(addresses));
	record->length = call->left;
	record->captured = captured;
	record->direction = call->direction;
	bpf_ringbuf_submit(record, wake_flag());
	return 0;
lost:
	COUNT(records_lost, 1);
	return 0;
}

static __always_inline void emit_message(struct call *call, const struct msghdr *header, __u32 bytes)
{
	struct iovec segment;

	if (!header->msg_iovlen || bpf_probe_read_user(&segment, sizeof(segment), header->msg_iov))
		return;
	call->base = segment.iov_base;
	call->base_bytes = segment.iov_len;
	call->left = bytes;
	emit_datagram((__u64)header->msg_name);
}

/* A call on a socket that is not in the table of TCP sockets; its arguments are those of `moved`. */
__noinline int datagram(__u32 direction_shape, __u64 where, __u64 count, __u32 bytes)
{
	__u64 process_thread = bpf_get_current_pid_tgid();
	__u32 shape = direction_shape >> 8;
	struct call *call = present_call();
	struct mmsghdr message = {};
	struct sock *sk;
	__u16 family, port;

	if (!call)
		return 0;
	/* Connected to another port, or to none and the call names nobody: the most frequent case comes first. */
	sk = (struct sock *)call->key;
	port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (port != __builtin_bswap16(DNS_PORT)) {
		if (shape == SHAPE_VECTOR || (shape == SHAPE_BUFFER && !count))
			return 0;
		if (port && (direction_shape & 0xff) == WIRE_RECEIVED)
			return 0;
	}
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if ((family != AF_INET && family != AF_INET6) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_UDP)
		return 0;
	if (skips_of(process_thread >> 32) & WIRE_SKIP_DNS)
		return 0;
	call->process_thread = process_thread;
	call->started_at = started_at();
	call->direction = direction_shape & 0xff;
	if (shape == SHAPE_BUFFER) {
		call->base = (void *)where;
		call->base_bytes = call->left = bytes;
		emit_datagram(count);
	} else if (shape == SHAPE_VECTOR) {
		message.msg_hdr.msg_iov = (void *)where;
		message.msg_hdr.msg_iovlen = count;
		emit_message(call, &message.msg_hdr, bytes);
	} else if (shape == SHAPE_MESSAGE) {
		if (!bpf_probe_read_user(&message.msg_hdr, sizeof(message.msg_hdr), (void *)where))
			emit_message(call, &message.msg_hdr, bytes);
	} else if (shape == SHAPE_MESSAGES) {
		for (int index = 0; index < DATAGRAMS_MAX && index < count; index++) {
			if (bpf_probe_read_user(&message, sizeof(message), (struct mmsghdr *)where + index))
				break;
			emit_message(call, &message.msg_hdr, message.msg_len);
		}
	}
	return 0;
}

#endif
