/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * One secret of one TLS session, at the call that hands it to the library's key-log function, logging or not.
 * Attached at the call instructions, which the kernel emulates; the arguments stand in registers there.
 * The sleepable form (6.0 on) may wait for a page of the label that the process has not touched yet; the
 * other cannot.
 */
#ifndef QTAP_SECRETS_H
#define QTAP_SECRETS_H

#include "shared.h"

#define LABEL_BYTES 32

/* Eight letters tell the labels apart. */
static __always_inline __u16 label_number(const char *label)
{
	switch (*(const __u64 *)label) {
	case 0x525f544e45494c43: /* CLIENT_R */
		return WIRE_CLIENT_RANDOM;
	case 0x455f544e45494c43: /* CLIENT_E */
		return WIRE_CLIENT_EARLY_TRAFFIC_SECRET;
	case 0x485f544e45494c43: /* CLIENT_H */
		return WIRE_CLIENT_HANDSHAKE_TRAFFIC_SECRET;
	case 0x485f524556524553: /* SERVER_H */
		return WIRE_SERVER_HANDSHAKE_TRAFFIC_SECRET;
	case 0x545f544e45494c43: /* CLIENT_T */
		return WIRE_CLIENT_TRAFFIC_SECRET_0;
	case 0x545f524556524553: /* SERVER_T */
		return WIRE_SERVER_TRAFFIC_SECRET_0;
	case 0x524554524f505845: /* EXPORTER */
		return WIRE_EXPORTER_SECRET;
	case 0x58455f594c524145: /* EARLY_EX */
		return WIRE_EARLY_EXPORTER_SECRET;
	}
	return 0;
}

#define READ_USER(to, bytes, from)                                                                 \
	(sleepable ? bpf_copy_from_user(to, bytes, from) : bpf_probe_read_user(to, bytes, from))

static __always_inline int take_secret(int sleepable, __u64 session, const void *label, const void *random,
				       const void *secret, __u64 length)
{
	struct wire_secret *record;
	__u64 process_thread = bpf_get_current_pid_tgid();
	char text[8] = {};
	__u16 number;

	if (skips_of(process_thread >> 32) & WIRE_SKIP_TLS)
		return 0;
	if ((length != 32 && length != 48) || READ_USER(text, sizeof(text), label))
		goto refused;
	number = label_number(text);
	if (!number)
		goto refused;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return 0;
	}
	fill_header(&record->header, WIRE_SECRET, process_thread >> 32, started_at());
	record->session = session;
	record->thread = process_thread;
	record->label = number;
	record->length = length;
	record->random_known = random && READ_USER(record->random, 32, random) == 0;
	if (!random)
		__builtin_memset(record->random, 0, 32);
	if (READ_USER(record->secret, length == 48 ? 48 : 32, secret)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		goto refused;
	}
	bpf_ringbuf_submit(record, wake_flag());
	return 0;
refused:
	COUNT(secrets_refused, 1);
	return 0;
}

/* f(session, label, secret, length) */
SEC("uprobe")
int secret_plain(struct pt_regs *regs)
{
	return take_secret(0, regs->di, (void *)regs->si, NULL, (void *)regs->dx, regs->cx);
}

SEC("uprobe.s")
int secret_plain_sleepable(struct pt_regs *regs)
{
	return take_secret(1, regs->di, (void *)regs->si, NULL, (void *)regs->dx, regs->cx);
}

/* f(label, session, random, 32, secret, length) */
static __always_inline int take_label_first(int sleepable, struct pt_regs *regs)
{
	if (regs->cx != 32)
		return 0;
	return take_secret(sleepable, regs->si, (void *)regs->di, (void *)regs->dx, (void *)regs->r8, regs->r9);
}

SEC("uprobe")
int secret_random(struct pt_regs *regs)
{
	return take_label_first(0, regs);
}

SEC("uprobe.s")
int secret_random_sleepable(struct pt_regs *regs)
{
	return take_label_first(1, regs);
}

#endif
