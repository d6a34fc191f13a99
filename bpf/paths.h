/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Names of files as their process would see them, and files mapped executable for the first time. */
#ifndef QTAP_PATHS_H
#define QTAP_PATHS_H

#include "shared.h"

#define PATH_PARTS_MAX 32
#define PATH_PART_BYTES 256

/*
 * A path is built from its end, part by part. One part more than a path may hold lies behind it, so that no
 * write leaves the room. Like a call, it is worked on in steps by a function of its own.
 */
struct path_room {
	__u8 bytes[WIRE_PATH_BYTES + PATH_PART_BYTES];
	struct dentry *dentry;
	struct vfsmount *vfs;
	struct mount *mount;
	__u32 at;
	__u32 padding;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct path_room);
} path_rooms SEC(".maps");

struct file_key {
	__u64 inode;
	__u64 device;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct file_key);
	__type(value, __u8);
} files_seen SEC(".maps");

static __always_inline struct path_room *path_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&path_rooms, &zero);
}

/*
 * Writes one part, or goes up to the file system that this one is mounted in. Zero at the root, or when the
 * room is full.
 */
__noinline int path_step(__u32 unused)
{
	struct path_room *room = path_room();
	struct dentry *dentry, *parent;
	struct mount *mount, *above;
	struct vfsmount *vfs;
	__u32 length, at;

	if (!room)
		return 0;
	dentry = room->dentry;
	vfs = room->vfs;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == BPF_CORE_READ(vfs, mnt_root) || dentry == parent) {
		mount = room->mount;
		above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount)
			return 0;
		room->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		room->mount = above;
		room->vfs = (void *)above + bpf_core_field_offset(struct mount, mnt);
		return 1;
	}
	length = BPF_CORE_READ(dentry, d_name.len);
	at = room->at;
	if (length >= PATH_PART_BYTES || length + 1 > at) {
		room->at = WIRE_PATH_BYTES;
		return 0;
	}
	at -= length + 1;
	room->at = at;
	at &= WIRE_PATH_BYTES - 1;
	barrier_var(at);
	at &= WIRE_PATH_BYTES - 1;
	room->bytes[at] = '/';
	length &= PATH_PART_BYTES - 1;
	barrier_var(length);
	length &= PATH_PART_BYTES - 1;
	bpf_probe_read_kernel(&room->bytes[at] + 1, length, BPF_CORE_READ(dentry, d_name.name));
	room->dentry = parent;
	return 1;
}

/*
 * Writes the path into `to` (WIRE_PATH_BYTES long) and gives its length; 0 when there is none or it is too
 * long.
 */
static __always_inline __u32 write_path(struct file *file, __u8 *to)
{
	struct path_room *room = path_room();
	__u32 at, length;

	if (!room)
		return 0;
	room->at = WIRE_PATH_BYTES;
	room->dentry = BPF_CORE_READ(file, f_path.dentry);
	room->vfs = BPF_CORE_READ(file, f_path.mnt);
	room->mount = (void *)room->vfs - bpf_core_field_offset(struct mount, mnt);
	for (int part = 0; part < PATH_PARTS_MAX; part++)
		if (!path_step(0))
			break;
	at = room->at;
	length = WIRE_PATH_BYTES - at;
	barrier_var(length);
	if (at >= WIRE_PATH_BYTES || length > WIRE_PATH_BYTES)
		return 0;
	at &= WIRE_PATH_BYTES - 1;
	barrier_var(at);
	at &= WIRE_PATH_BYTES - 1;
	bpf_probe_read_kernel(to, length & (WIRE_PATH_BYTES - 1), &room->bytes[at]);
	return length & (WIRE_PATH_BYTES - 1);
}

/* True the first time since start (or since the file was forgotten among 16,384 others). */
static __always_inline int first_time(struct file *file, __u64 *inode, __u32 *device)
{
	struct inode *node = BPF_CORE_READ(file, f_inode);
	struct file_key key = {
		.inode = BPF_CORE_READ(node, i_ino),
		.device = BPF_CORE_READ(node, i_sb, s_dev),
	};
	__u8 one = 1;

	*inode = key.inode;
	*device = key.device;
	return bpf_map_update_elem(&files_seen, &key, &one, BPF_NOEXIST) == 0;
}

/* The agent searches the file at once, so it is woken: this happens once per file. */
static __always_inline void file_mapped(struct file *file, __u64 address)
{
	struct wire_mapped *record;
	__u64 inode;
	__u32 device;

	if (!file || !in_tree(bpf_get_current_pid_tgid() >> 32) || !first_time(file, &inode, &device))
		return;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(records_lost, 1);
		return;
	}
	CLEAR(record);
	fill_header(&record->header, WIRE_MAPPED, bpf_get_current_pid_tgid() >> 32, started_at());
	record->inode = inode;
	record->device = device;
	record->address = address;
	record->path_length = write_path(file, record->path);
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
}

#endif
