#include "CProbe.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "raw.h"

enum { IN_PROGRESS = 115, TIMED_OUT = 110 };

// The connection, or what became of it. poll again after a signal would wait anew, which is bounded by the caller's patience.
static int32_t wait_for(long socket, long result, int32_t timeout_ms) {
  if (result == -IN_PROGRESS) {
    struct pollfd item = {(int)socket, POLLOUT, 0};
    struct timespec limit = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};
    do result = RAW(__NR_ppoll, &item, 1, &limit, 0, 8);
    while (result == -RAW_EINTR);
    if (result == 0) result = -TIMED_OUT;
    if (result > 0) {
      int error = 0;
      uint32_t size = sizeof error;
      result = RAW(__NR_getsockopt, socket, SOL_SOCKET, SO_ERROR, &error, &size);
      if (result >= 0) result = -error;
    }
  }
  if (result >= 0) return (int32_t)socket;
  RAW(__NR_close, socket);
  return (int32_t)result;
}

int32_t apus_connect_address(const uint8_t *address, int32_t is_v6, uint16_t port, int32_t timeout_ms) {
  uint16_t network = (uint16_t)(port >> 8 | port << 8);
  long socket = RAW(__NR_socket, is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return (int32_t)socket;
  long result;
  if (is_v6) {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = network};
    for (int index = 0; index < 16; index++) name.sin6_addr.s6_addr[index] = address[index];
    result = RAW(__NR_connect, socket, &name, sizeof name);
  } else {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = network};
    uint8_t *bytes = (uint8_t *)&name.sin_addr;
    for (int index = 0; index < 4; index++) bytes[index] = address[12 + index];
    result = RAW(__NR_connect, socket, &name, sizeof name);
  }
  return wait_for(socket, result, timeout_ms);
}

int32_t apus_connect_path(const uint8_t *path, int32_t timeout_ms) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  unsigned count = 0;
  for (; path[count] && count < sizeof name.sun_path; count++) name.sun_path[count] = (char)path[count];
  if (count == 0 || count >= sizeof name.sun_path) return -RAW_EINVAL;
  // Blocking, because a full backlog has no other way to be waited for; SO_SNDTIMEO is its bound.
  long socket = RAW(__NR_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return (int32_t)socket;
  struct timeval limit = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000};
  RAW(__NR_setsockopt, socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  long result = RAW(__NR_connect, socket, &name, sizeof name);
  return wait_for(socket, result == -RAW_EAGAIN ? -TIMED_OUT : result, timeout_ms);
}
