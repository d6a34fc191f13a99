/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the kernel side and the agent say to each other: records in the ring buffer, and one shared block of
 * memory.
 * The TypeScript side is generated from this file's BTF (npm run generate); no number of it is typed twice.
 * Fixed-width types, explicit padding, little-endian machines only.
 */
#ifndef QTAP_WIRE_H
#define QTAP_WIRE_H

enum wire_limit {
	WIRE_VERSION = 2,
	WIRE_PATH_BYTES = 1024,
	WIRE_ARGS_BYTES = 1024,
	WIRE_CGROUP_BYTES = 128,
	WIRE_HOSTNAME_BYTES = 64,
	WIRE_ENVIRONMENT_BYTES = 1024, /* power of two */
	WIRE_ENVIRONMENT_PREFIXES = 8,
	WIRE_DNS_BYTES = 4096, /* of one datagram, copied at most */
	WIRE_MODES = 65536, /* power of two */
	WIRE_CPUS = 512,    /* power of two */
	WIRE_CALL_BYTES = (2 << 20) + (64 << 10), /* of one call, copied at most: a body of 2 MiB with its head */
	WIRE_DETECT_BYTES = 64 << 20, /* copied of an undecided connection, per direction */
};

enum wire_kind {
	WIRE_OPENED = 1,
	WIRE_BYTES = 2,
	WIRE_CLOSED = 3,
	WIRE_SECRET = 4,
	WIRE_EXEC = 5,
	WIRE_FORK = 6,
	WIRE_EXIT = 7,
	WIRE_MAPPED = 8,
	WIRE_ACCEPTED = 9,
	WIRE_DNS = 10,
	WIRE_USER = 11,
};

enum wire_role {
	WIRE_CLIENT = 1,
	WIRE_SERVER = 2,
};

enum wire_direction {
	WIRE_SENT = 1,
	WIRE_RECEIVED = 2,
};

/*
 * How much of a connection's bytes is copied; a value of WIRE_HEADS or more means that many bytes of each
 * call.
 */
enum wire_mode {
	WIRE_DETECT = 0,
	WIRE_WHOLE = 1,
	WIRE_IGNORE = 2,
	WIRE_HEADS = 16,
};

enum wire_label {
	WIRE_CLIENT_RANDOM = 1,
	WIRE_CLIENT_EARLY_TRAFFIC_SECRET = 2,
	WIRE_CLIENT_HANDSHAKE_TRAFFIC_SECRET = 3,
	WIRE_SERVER_HANDSHAKE_TRAFFIC_SECRET = 4,
	WIRE_CLIENT_TRAFFIC_SECRET_0 = 5,
	WIRE_SERVER_TRAFFIC_SECRET_0 = 6,
	WIRE_EXPORTER_SECRET = 7,
	WIRE_EARLY_EXPORTER_SECRET = 8,
};

/* Which connections are watched; a refused one is not even entered into the kernel's table. */
enum wire_watch {
	WIRE_WATCH_SERVER = 1,
	WIRE_WATCH_CLIENT_PUBLIC = 2,
	WIRE_WATCH_CLIENT_PRIVATE = 4,
	WIRE_WATCH_LOOPBACK = 8,
};

/* Parts of a process's traffic that are left alone; its children begin with the same. */
enum wire_skip {
	WIRE_SKIP_DATA = 1,
	WIRE_SKIP_DNS = 2,
	WIRE_SKIP_TLS = 4,
	WIRE_SKIP_HTTP = 8,
	WIRE_SKIP_ALL = 15,
};

struct wire_header {
	__u32 kind;
	__u32 process;    /* thread group id, 0 where the kernel cannot know */
	__u64 at;         /* CLOCK_BOOTTIME, nanoseconds */
	__u64 started_at; /* of the process, by the same clock: with its id it names no other; 0 without one */
};

struct wire_addresses {
	__u8 local[16];  /* IPv4 as ::ffff:a.b.c.d */
	__u8 remote[16];
	__u16 local_port;
	__u16 remote_port;
};

/* A client's socket has the process that connected. */
struct wire_opened {
	struct wire_header header;
	__u64 key;
	struct wire_addresses addresses;
	__u8 role;
	__u8 joined_late;
	__u16 reserved;
};

/* A stretch of one direction: the first `captured` of its `length` bytes follow. */
struct wire_bytes {
	struct wire_header header;
	__u64 key;
	__u64 position;
	__u32 thread;
	__u32 length;
	__u32 captured;
	__u32 direction;
	__u8 payload[];
};

/* A process took the connection over from its listening socket. */
struct wire_accepted {
	struct wire_header header;
	__u64 key;
};

/* Totals by TCP's own sequence numbers since WIRE_OPENED. */
struct wire_closed {
	struct wire_header header;
	__u64 key;
	__u64 sent;
	__u64 received;
};

struct wire_secret {
	struct wire_header header;
	__u64 session;
	__u32 thread;
	__u16 label;
	__u8 length;
	__u8 random_known;
	__u8 random[32];
	__u8 secret[48];
};

struct wire_exec {
	struct wire_header header;
	__u64 inode;
	__u32 device;
	__u32 parent;
	__u32 user;
	__u16 path_length;
	__u16 args_length;
	__u16 environment_length;
	__u8 environment_cut; /* 1: variables are missing that were asked for */
	__u8 reserved[5];
	__u8 cgroup[WIRE_CGROUP_BYTES];        /* innermost name long enough for a container's id */
	__u8 cgroup_parent[WIRE_CGROUP_BYTES];
	__u8 cgroup1[WIRE_CGROUP_BYTES];       /* the same of the memory controller (version 1) */
	__u8 cgroup1_parent[WIRE_CGROUP_BYTES];
	__u8 hostname[WIRE_HOSTNAME_BYTES];    /* of the machine as the process sees it */
	__u8 path[WIRE_PATH_BYTES];
	__u8 args[WIRE_ARGS_BYTES];            /* NUL between arguments */
	__u8 environment[WIRE_ENVIRONMENT_BYTES]; /* name=value, each with its NUL; those that were asked for */
};

struct wire_fork {
	struct wire_header header; /* process = the new one */
	__u64 parent_started_at;
	__u32 parent;
	__u32 reserved;
};

struct wire_exit {
	struct wire_header header;
};

/* A process goes on as another user: the effective one. */
struct wire_user {
	struct wire_header header;
	__u32 user;
	__u32 reserved;
};

/* A file was mapped executable for the first time since start. */
struct wire_mapped {
	struct wire_header header;
	__u64 inode;
	__u64 address;
	__u32 device;
	__u16 path_length;
	__u16 reserved;
	__u8 path[WIRE_PATH_BYTES];
};

/* A datagram from or to port 53: the first `captured` of its `length` bytes follow. */
struct wire_dns {
	struct wire_header header;
	struct wire_addresses addresses;
	__u32 length;
	__u32 captured;
	__u32 direction;
	__u8 payload[];
};

struct wire_counters {
	__u64 records_lost;      /* no room in the ring buffer */
	__u64 bytes_lost;        /* payload of those */
	__u64 bytes_copied;
	__u64 calls_overtaken;   /* two threads on one direction: order unknown, left as a gap */
	__u64 reads_failed;      /* user memory that was not there */
	__u64 sockets_refused;   /* table of sockets full */
	__u64 secrets_refused;   /* arguments that are not a secret */
	__u64 calls_32bit;       /* system calls of 32-bit programs, not understood */
	__u64 bytes_left_out;    /* of long calls while the ring buffer was filling up: known gaps */
	__u64 reserved[7];
};

struct wire_shared {
	__u32 version;
	__u32 own_process;
	__u32 watch;        /* WIRE_WATCH_* */
	__u32 tree_only;    /* 1: only processes in the tree map */
	__u32 reader_waits; /* the agent sleeps until the ring buffer is filled by wake_bytes */
	__u32 wake_bytes;
	__u32 any_ignored;  /* 1: the map of ignored processes is not empty */
	__u32 scarce_bytes; /* with more than this in the ring buffer, long calls go without their bytes */
	__u32 dns_sent;     /* 1: queries are wanted too, not only what answers them */
	__u32 padding[7];
	/* Beginnings of the environment variables that are wanted, and which bits of each count; 0 ends them. */
	__u64 environment[WIRE_ENVIRONMENT_PREFIXES];
	__u64 environment_masks[WIRE_ENVIRONMENT_PREFIXES];
	struct wire_counters counters[WIRE_CPUS];
	__u64 modes[WIRE_MODES]; /* low half: mode; high half: low half of the key it is meant for */
};

_Static_assert(__builtin_offsetof(struct wire_bytes, payload) == 56, "payload follows the fixed part");
_Static_assert(__builtin_offsetof(struct wire_dns, payload) == 72, "payload follows the fixed part");
_Static_assert(sizeof(struct wire_counters) == 128, "whole cache lines per processor");
_Static_assert(__builtin_offsetof(struct wire_shared, counters) == 192, "counters start a cache line");

#endif
