// Sockets, FIFOs and queues of `.socket` units: made, bound, and their connections accepted. Options: listen-options.c.
#include "CListen.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <linux/vm_sockets.h>
#include <linux/netlink.h>
#include <linux/sockios.h>

#include "raw.h"

#define RETRY(expression) ({ long result_; do result_ = (expression); while (result_ == -RAW_EINTR); result_; })

// All that are bound or accepted here.
union name {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
  struct sockaddr_vm vsock;
  struct sockaddr_nl netlink;
};

static void clear(void *into, unsigned count) {
  volatile uint8_t *byte = into;
  for (unsigned index = 0; index < count; index++) byte[index] = 0;
}

// MARK: Opening

int32_t apus_socket(int32_t family, int32_t type, int32_t protocol) {
  return (int32_t)RAW(__NR_socket, family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

static void put_network(uint8_t *into, uint64_t value, int count) {
  while (count--) {
    into[count] = (uint8_t)value;
    value >>= 8;
  }
}

static uint64_t take_network(const uint8_t *from, int count) {
  uint64_t value = 0;
  for (int index = 0; index < count; index++) value = value << 8 | from[index];
  return value;
}

int32_t apus_bind_address(int32_t socket, const struct apus_address *address, const uint8_t *name, uint64_t count) {
  union name it;
  clear(&it, sizeof it);
  it.any.sa_family = (sa_family_t)address->family;
  uint64_t size;
  switch (address->family) {
  case AF_UNIX:
    // A path may fill all of it; the zero byte behind is then the kernel's to think.
    if (count == 0 || count > sizeof it.local.sun_path) return -RAW_ENAMETOOLONG;
    for (uint64_t index = 0; index < count; index++) it.local.sun_path[index] = (char)name[index];
    size = offsetof(struct sockaddr_un, sun_path) + count;
    if (name[0] && count < sizeof it.local.sun_path) size++;
    break;
  case AF_INET:
    put_network((uint8_t *)&it.v4.sin_port, address->port, 2);
    put_network((uint8_t *)&it.v4.sin_addr, address->low, 4);
    size = sizeof it.v4;
    break;
  case AF_INET6:
    put_network((uint8_t *)&it.v6.sin6_port, address->port, 2);
    put_network(it.v6.sin6_addr.s6_addr, address->high, 8);
    put_network(it.v6.sin6_addr.s6_addr + 8, address->low, 8);
    it.v6.sin6_scope_id = address->scope;
    size = sizeof it.v6;
    break;
  case AF_VSOCK:
    it.vsock.svm_port = address->port;
    it.vsock.svm_cid = address->scope;
    size = sizeof it.vsock;
    break;
  default:
    it.netlink.nl_groups = address->port;
    size = sizeof it.netlink;
  }
  return (int32_t)RAW(__NR_bind, socket, &it, size);
}

int32_t apus_listen(int32_t socket, int32_t backlog) { return (int32_t)RAW(__NR_listen, socket, backlog); }

int32_t apus_interface(const uint8_t *name) {
  struct ifreq request;
  clear(&request, sizeof request);
  for (unsigned index = 0; name[index]; index++) {
    if (index + 1 >= sizeof request.ifr_name) return -RAW_ENAMETOOLONG;
    request.ifr_name[index] = (char)name[index];
  }
  long socket = RAW(__NR_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return (int32_t)socket;
  long result = RAW(__NR_ioctl, socket, SIOCGIFINDEX, &request);
  RAW(__NR_close, socket);
  return result < 0 ? (int32_t)result : request.ifr_ifindex;
}

// -EEXIST unless it is a thing as wanted; then it is closed.
static int32_t checked(long descriptor, int (*is_wanted)(const struct stat *, uint32_t, uint32_t), uint32_t mode, uint32_t uid) {
  if (descriptor < 0) return (int32_t)descriptor;
  struct stat status;
  long result = RAW(__NR_fstat, descriptor, &status);
  if (result >= 0 && !is_wanted(&status, mode, uid)) result = -RAW_EEXIST;
  if (result >= 0) return (int32_t)descriptor;
  RAW(__NR_close, descriptor);
  return (int32_t)result;
}

static int is_ours(const struct stat *status, uint32_t mode, uint32_t uid) {
  return (status->st_mode & 0777) == (mode & 0777)
         && (status->st_uid == uid || status->st_uid == (uint32_t)RAW(__NR_geteuid));
}
static int is_our_fifo(const struct stat *status, uint32_t mode, uint32_t uid) {
  return S_ISFIFO(status->st_mode) && is_ours(status, mode, uid);
}
static int is_special(const struct stat *status, uint32_t mode, uint32_t uid) {
  (void)mode, (void)uid;
  return S_ISREG(status->st_mode) || S_ISCHR(status->st_mode);
}

int32_t apus_open_fifo(const uint8_t *path, uint32_t mode, uint32_t uid) {
  long result = RAW(__NR_mknodat, AT_FDCWD, path, S_IFIFO | mode, 0);
  if (result < 0 && result != -RAW_EEXIST) return (int32_t)result;
  // For both directions: it never ends when its last writer goes.
  return checked(
    RAW(__NR_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW), is_our_fifo, mode, uid);
}

int32_t apus_open_special(const uint8_t *path, int32_t writable) {
  int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
  return checked(RAW(__NR_openat, AT_FDCWD, path, flags), is_special, 0, 0);
}

int32_t apus_open_queue(const uint8_t *name, uint32_t mode, uint32_t uid, int64_t messages_max, int64_t message_size) {
  // The kernel's struct mq_attr: flags, messages, their size, what waits, and four that are reserved.
  long limits[8] = {O_NONBLOCK, (long)messages_max, (long)message_size, 0, 0, 0, 0, 0};
  int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_CREAT;
  return checked(
    RAW(__NR_mq_open, name, flags, mode, messages_max > 0 && message_size > 0 ? limits : 0), is_ours, mode, uid);
}

int32_t apus_remove_queue(const uint8_t *name) { return (int32_t)RAW(__NR_mq_unlink, name); }

int32_t apus_change_owner(const uint8_t *path, uint32_t uid, uint32_t gid) {
  return (int32_t)RAW(__NR_fchownat, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

// MARK: Accepting

static void fill(struct apus_address *into, const union name *from) {
  into->family = from->any.sa_family;
  switch (from->any.sa_family) {
  case AF_INET:
    into->low = 0xffff00000000 | take_network((const uint8_t *)&from->v4.sin_addr, 4);
    into->port = (uint32_t)take_network((const uint8_t *)&from->v4.sin_port, 2);
    break;
  case AF_INET6:
    into->high = take_network(from->v6.sin6_addr.s6_addr, 8);
    into->low = take_network(from->v6.sin6_addr.s6_addr + 8, 8);
    into->port = (uint32_t)take_network((const uint8_t *)&from->v6.sin6_port, 2);
    break;
  case AF_VSOCK:
    into->port = from->vsock.svm_port;
    into->scope = from->vsock.svm_cid;
    break;
  default: break;
  }
}

int32_t apus_accept_connection(int32_t listener, struct apus_connection *into) {
  union name name;
  socklen_t size = sizeof name;
  clear(into, sizeof *into);
  clear(&name, sizeof name);
  long socket = RETRY(RAW(__NR_accept4, listener, &name, &size, SOCK_CLOEXEC));
  if (socket < 0) return (int32_t)socket;
  fill(&into->peer, &name);
  if (name.any.sa_family == AF_UNIX) {
    struct ucred peer = {0, 65534, 65534};
    size = sizeof peer;
    RAW(__NR_getsockopt, socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    into->pid = peer.pid;
    into->uid = peer.uid;
  } else {
    size = sizeof name;
    if (RAW(__NR_getsockname, socket, &name, &size) >= 0) fill(&into->local, &name);
  }
  return (int32_t)socket;
}

int32_t apus_set_nonblocking(int32_t descriptor, int32_t wanted) {
  long flags = RAW(__NR_fcntl, descriptor, F_GETFL);
  if (flags < 0) return (int32_t)flags;
  long changed = wanted ? flags | O_NONBLOCK : flags & ~(long)O_NONBLOCK;
  return changed == flags ? 0 : (int32_t)RAW(__NR_fcntl, descriptor, F_SETFL, changed);
}

int32_t apus_next_descriptor(void) {
  long number = RAW(__NR_fcntl, 2, F_DUPFD_CLOEXEC, 3);
  if (number >= 0) RAW(__NR_close, number);
  return (int32_t)number;
}

void apus_flush(int32_t descriptor, int32_t limit) {
  // Larger than what the kernel lets a queue's messages be by default; of a larger one nothing is dropped.
  static uint8_t dropped[16384];
  struct stat status;
  int listens = 0;
  int type = 0;
  socklen_t size = sizeof listens;
  if (RAW(__NR_fstat, descriptor, &status) < 0) return;
  // Who shares the open file, a service that has it as its input, may have made it wait.
  apus_set_nonblocking(descriptor, 1);
  RAW(__NR_getsockopt, descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
  RAW(__NR_getsockopt, descriptor, SOL_SOCKET, SO_TYPE, &type, &size);
  while (limit-- > 0) {
    long result;
    if (listens) {
      result = RAW(__NR_accept4, descriptor, 0, 0, SOCK_CLOEXEC);
      if (result >= 0) RAW(__NR_close, result);
    } else if (S_ISSOCK(status.st_mode)) {
      result = RAW(__NR_recvfrom, descriptor, dropped, sizeof dropped, MSG_DONTWAIT | MSG_TRUNC, 0, 0);
      // A datagram may be empty; of a connection that is the end.
      if (result == 0 && type != SOCK_DGRAM) return;
    } else if (S_ISREG(status.st_mode)) {
      result = RAW(__NR_mq_timedreceive, descriptor, dropped, sizeof dropped, 0, 0);
    } else {
      result = RAW(__NR_read, descriptor, dropped, sizeof dropped);
      if (result == 0) return;
    }
    // What a peer or the network did wrong is one item less that waits.
    if (result < 0 && result != -RAW_EINTR && result != -103 /* ECONNABORTED */ && result != -111 /* ECONNREFUSED */) return;
  }
}
