// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The whole kernel side in one object; each header is one subject. */
#include "calls.h"
#include "processes.h"
#include "secrets.h"
#include "sockets.h"

char LICENSE[] SEC("license") = "GPL";

/*
 * Never called: its arguments keep the records' layouts in the object's type information, where the generator
 * reads them.
 */
struct wire_types {
	struct wire_opened opened;
	struct wire_accepted accepted;
	struct wire_closed closed;
	struct wire_secret secret;
	struct wire_exec exec;
	struct wire_fork fork;
	struct wire_exit exit;
	struct wire_user user;
	struct wire_mapped mapped;
	struct wire_shared shared;
	enum wire_limit limit;
	enum wire_kind kind;
	enum wire_role role;
	enum wire_direction direction;
	enum wire_mode mode;
	enum wire_label label;
	enum wire_watch watch;
	enum wire_skip skip;
	struct wire_bytes bytes;
};
__attribute__((noinline)) int keep_wire_types(struct wire_types *types, struct wire_dns *dns)
{
	return types != NULL && dns != NULL;
}
