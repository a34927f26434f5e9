// System calls of `.socket` and `.path` units, in the manner of calls.h: a value from 0 on, or -errno; paths end with a zero
// byte; every descriptor made closes on exec and does not block.
#ifndef APUS_CLISTEN_H
#define APUS_CLISTEN_H
#include <stdint.h>

// MARK: Opening

enum {
  APUS_FAMILY_UNIX = 1, APUS_FAMILY_V4 = 2, APUS_FAMILY_V6 = 10, APUS_FAMILY_NETLINK = 16, APUS_FAMILY_VSOCK = 40,
};
enum { APUS_TYPE_STREAM = 1, APUS_TYPE_DATAGRAM = 2, APUS_TYPE_RAW = 3, APUS_TYPE_SEQUENTIAL_PACKET = 5 };

// One end of a connection, or what is bound.
struct apus_address {
  uint64_t high;     // an Internet address, IPv4 as ::ffff:a.b.c.d
  uint64_t low;
  uint32_t port;     // of vsock, too; of netlink the groups
  uint32_t scope;    // the interface of a link-local address; of vsock the context
  int32_t family;    // 0: not known
};

int32_t apus_socket(int32_t family, int32_t type, int32_t protocol);
// `name`: of AF_UNIX, an abstract one with its leading zero byte.
int32_t apus_bind_address(int32_t socket, const struct apus_address *address, const uint8_t *name, uint64_t count);
// The kernel cuts the backlog to its somaxconn.
int32_t apus_listen(int32_t socket, int32_t backlog);
// The number of an interface.
int32_t apus_interface(const uint8_t *name);
// mkfifo where nothing is, then O_RDWR; -EEXIST: it is another thing, or has another mode or owner (apus's or `uid`).
int32_t apus_open_fifo(const uint8_t *path, uint32_t mode, uint32_t uid);
// A regular file or a character device; -EEXIST: it is neither.
int32_t apus_open_special(const uint8_t *path, int32_t writable);
// O_RDONLY; `name` without its slash; with limits of 0 the kernel's. -EEXIST as for a FIFO.
int32_t apus_open_queue(const uint8_t *name, uint32_t mode, uint32_t uid, int64_t messages_max, int64_t message_size);
int32_t apus_remove_queue(const uint8_t *name);
// Of a path itself, not of where a link leads.
int32_t apus_change_owner(const uint8_t *path, uint32_t uid, uint32_t gid);

// MARK: Options

// In the order of Model's SocketOption; those that are not options of something open are left out.
enum {
  APUS_OPTION_KEEP_ALIVE, APUS_OPTION_KEEP_ALIVE_TIME, APUS_OPTION_KEEP_ALIVE_INTERVAL, APUS_OPTION_KEEP_ALIVE_PROBES,
  APUS_OPTION_NO_DELAY, APUS_OPTION_PRIORITY, APUS_OPTION_RECEIVE_BUFFER, APUS_OPTION_SEND_BUFFER, APUS_OPTION_IP_TOS,
  APUS_OPTION_IP_TTL, APUS_OPTION_MARK, APUS_OPTION_REUSE_PORT, APUS_OPTION_FREE_BIND, APUS_OPTION_TRANSPARENT,
  APUS_OPTION_BROADCAST, APUS_OPTION_PASS_CREDENTIALS, APUS_OPTION_PASS_PIDFD, APUS_OPTION_PASS_SECURITY,
  APUS_OPTION_PASS_PACKET_INFO, APUS_OPTION_ACCEPT_DESCRIPTORS, APUS_OPTION_TIMESTAMPING, APUS_OPTION_DEFER_ACCEPT,
  APUS_OPTION_BIND_V6_ONLY, APUS_OPTION_PIPE_SIZE,
};
// The value as in Model's SocketOptionSetting. Nothing where it is the default, or an option of another kind of thing.
int32_t apus_set_option(int32_t descriptor, int32_t option, int32_t value);
// SO_REUSEADDR.
int32_t apus_reuse_address(int32_t socket);
int32_t apus_bind_to_device(int32_t socket, const uint8_t *name, uint64_t count);
int32_t apus_set_congestion(int32_t socket, const uint8_t *name, uint64_t count);

// MARK: Accepting

struct apus_connection {
  struct apus_address peer;
  struct apus_address local;
  int32_t pid;     // of AF_UNIX: SO_PEERCRED
  uint32_t uid;
};
// The next connection, with both ends. Never waits.
int32_t apus_accept_connection(int32_t listener, struct apus_connection *into);
// O_NONBLOCK on or off, of everybody who shares the open file.
int32_t apus_set_nonblocking(int32_t descriptor, int32_t wanted);
// A copy at the lowest free number from 3 on, which is closed again: that number.
int32_t apus_next_descriptor(void);
// Drops what waits there: connections, datagrams, messages of a queue, bytes; at most `limit` times.
void apus_flush(int32_t descriptor, int32_t limit);

// MARK: Counting

// Connections to a listening socket that a server still has to do with, of TCP those not yet accepted among them; 0 for what
// does not listen; -EOPNOTSUPP where the kernel does not tell (vsock, SCTP, or neither sock_diag nor /proc); other errors pass.
// Never waits.
int64_t apus_count_connections(int32_t listener);
#endif
