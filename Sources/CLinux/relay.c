#include "CRelay.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "raw.h"

_Static_assert(RELAY_EDGES == (int32_t)(EPOLLET | EPOLLRDHUP | EPOLLOUT | EPOLLIN), "epoll's bits");

int32_t relay_wait(int32_t epoll, struct apus_ready *ready, int32_t limit, int32_t timeout_ms) {
  struct epoll_event events[64];
  if (limit > 64) limit = 64;
  long count = RAW(__NR_epoll_pwait, epoll, events, limit, timeout_ms, 0, 8);
  for (long index = 0; index < count; index++) {
    ready[index].data = events[index].data.u64;
    ready[index].events = events[index].events;
  }
  return (int32_t)count;
}

static int32_t option(int32_t socket, int name) {
  int value = 0;
  uint32_t size = sizeof value;
  long result = RAW(__NR_getsockopt, socket, SOL_SOCKET, name, &value, &size);
  return result < 0 ? (int32_t)result : value;
}

int32_t relay_is_listener(int32_t descriptor) { return option(descriptor, SO_ACCEPTCONN); }

int32_t relay_error(int32_t socket) {
  int32_t error = option(socket, SO_ERROR);
  return error > 0 ? -error : error;
}

int32_t relay_is_same(int32_t left, int32_t right) {
  struct stat a, b;
  if (RAW(__NR_fstat, left, &a) < 0 || RAW(__NR_fstat, right, &b) < 0) return 0;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int32_t relay_accept(int32_t listener) {
  long socket;
  do socket = RAW(__NR_accept4, listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (socket == -RAW_EINTR);
  return (int32_t)socket;
}

int32_t relay_prepare(int32_t socket) {
  int on = 1;
  RAW(__NR_setsockopt, socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  long flags = RAW(__NR_fcntl, socket, F_GETFL, 0);
  return (int32_t)(flags < 0 ? flags : RAW(__NR_fcntl, socket, F_SETFL, flags | O_NONBLOCK));
}

int32_t relay_connect(const uint8_t *address, int32_t is_v6, uint16_t port, int32_t is_datagram, int32_t *state) {
  uint16_t network = (uint16_t)(port >> 8 | port << 8);
  int type = (is_datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  long socket = RAW(__NR_socket, is_v6 ? AF_INET6 : AF_INET, type, 0);
  if (socket < 0) return (int32_t)socket;
  relay_prepare((int32_t)socket);
  if (is_v6) {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = network};
    for (int index = 0; index < 16; index++) name.sin6_addr.s6_addr[index] = address[index];
    *state = (int32_t)RAW(__NR_connect, socket, &name, sizeof name);
  } else {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = network};
    uint8_t *bytes = (uint8_t *)&name.sin_addr;
    for (int index = 0; index < 4; index++) bytes[index] = address[12 + index];
    *state = (int32_t)RAW(__NR_connect, socket, &name, sizeof name);
  }
  return (int32_t)socket;
}

int32_t relay_connect_path(const uint8_t *path, int32_t *state) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  unsigned count = 0;
  for (; path[count] && count < sizeof name.sun_path; count++) name.sun_path[count] = (char)path[count];
  if (count == 0 || count >= sizeof name.sun_path) return -RAW_ENAMETOOLONG;
  long socket = RAW(__NR_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return (int32_t)socket;
  *state = (int32_t)RAW(__NR_connect, socket, &name, sizeof name);
  return (int32_t)socket;
}

int64_t relay_splice(int32_t from, int32_t to, uint64_t count) {
  // SPLICE_F_MOVE | SPLICE_F_NONBLOCK
  return RAW(__NR_splice, from, 0, to, 0, count, 3);
}

int32_t relay_end_writing(int32_t socket) { return (int32_t)RAW(__NR_shutdown, socket, SHUT_WR); }

void relay_reset(int32_t socket) {
  struct linger none = {1, 0};
  RAW(__NR_setsockopt, socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  RAW(__NR_close, socket);
}
