// Options of sockets and FIFOs of `.socket` units.
#include "CListen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <linux/netlink.h>

#include "raw.h"

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

enum { SCTP_LEVEL = 132, SCTP_NODELAY_ = 3, ANY_FAMILY = 0, INTERNET = 1, IS_SWITCH = 2 };

// `v6`: the same option of IPPROTO_IPV6, for sockets of that family.
static const struct {
  uint8_t level;
  uint8_t name;
  uint8_t v6;
  uint8_t flags;
} table[] = {
  [APUS_OPTION_KEEP_ALIVE] = {SOL_SOCKET, SO_KEEPALIVE, 0, IS_SWITCH},
  [APUS_OPTION_KEEP_ALIVE_TIME] = {IPPROTO_TCP, TCP_KEEPIDLE, 0, 0},
  [APUS_OPTION_KEEP_ALIVE_INTERVAL] = {IPPROTO_TCP, TCP_KEEPINTVL, 0, 0},
  [APUS_OPTION_KEEP_ALIVE_PROBES] = {IPPROTO_TCP, TCP_KEEPCNT, 0, 0},
  [APUS_OPTION_NO_DELAY] = {IPPROTO_TCP, TCP_NODELAY, 0, IS_SWITCH},
  [APUS_OPTION_PRIORITY] = {SOL_SOCKET, SO_PRIORITY, 0, 0},
  [APUS_OPTION_RECEIVE_BUFFER] = {SOL_SOCKET, SO_RCVBUF, 0, 0},
  [APUS_OPTION_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF, 0, 0},
  [APUS_OPTION_IP_TOS] = {IPPROTO_IP, IP_TOS, IPV6_TCLASS, 0},
  [APUS_OPTION_IP_TTL] = {IPPROTO_IP, IP_TTL, IPV6_UNICAST_HOPS, 0},
  [APUS_OPTION_MARK] = {SOL_SOCKET, SO_MARK, 0, 0},
  [APUS_OPTION_REUSE_PORT] = {SOL_SOCKET, SO_REUSEPORT, 0, INTERNET | IS_SWITCH},
  [APUS_OPTION_FREE_BIND] = {IPPROTO_IP, IP_FREEBIND, IPV6_FREEBIND, INTERNET | IS_SWITCH},
  [APUS_OPTION_TRANSPARENT] = {IPPROTO_IP, IP_TRANSPARENT, IPV6_TRANSPARENT, INTERNET | IS_SWITCH},
  [APUS_OPTION_BROADCAST] = {SOL_SOCKET, SO_BROADCAST, 0, IS_SWITCH},
  [APUS_OPTION_PASS_CREDENTIALS] = {SOL_SOCKET, SO_PASSCRED, 0, IS_SWITCH},
  [APUS_OPTION_PASS_PIDFD] = {SOL_SOCKET, SO_PASSPIDFD, 0, IS_SWITCH},
  [APUS_OPTION_PASS_SECURITY] = {SOL_SOCKET, SO_PASSSEC, 0, IS_SWITCH},
  [APUS_OPTION_PASS_PACKET_INFO] = {IPPROTO_IP, IP_PKTINFO, IPV6_RECVPKTINFO, IS_SWITCH},
  [APUS_OPTION_ACCEPT_DESCRIPTORS] = {SOL_SOCKET, SO_PASSRIGHTS, 0, 0},
  [APUS_OPTION_TIMESTAMPING] = {SOL_SOCKET, SO_TIMESTAMP, 0, IS_SWITCH},
  [APUS_OPTION_DEFER_ACCEPT] = {IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, 0},
};

static int32_t set(int32_t socket, int level, int name, int32_t value) {
  return (int32_t)RAW(__NR_setsockopt, socket, level, name, &value, sizeof value);
}

static int32_t get(int32_t socket, int name) {
  int32_t value = 0;
  socklen_t size = sizeof value;
  long result = RAW(__NR_getsockopt, socket, SOL_SOCKET, name, &value, &size);
  return result < 0 ? (int32_t)result : value;
}

int32_t apus_set_option(int32_t descriptor, int32_t option, int32_t value) {
  int32_t family = get(descriptor, SO_DOMAIN);
  int is_socket = family >= 0;
  int is_internet = family == AF_INET || family == AF_INET6;
  if (option == APUS_OPTION_PIPE_SIZE) return is_socket ? 0 : (int32_t)RAW(__NR_fcntl, descriptor, F_SETPIPE_SZ, value);
  if (option == APUS_OPTION_BIND_V6_ONLY)
    return family == AF_INET6 && value > 0 ? set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, value == 2) : 0;
  if (!is_socket || option < 0 || option >= (int32_t)(sizeof table / sizeof *table)) return 0;
  int level = table[option].level, name = table[option].name, flags = table[option].flags;
  if (((flags & IS_SWITCH) && value == 0) || ((flags & INTERNET) && !is_internet)) return 0;
  switch (option) {
  case APUS_OPTION_RECEIVE_BUFFER:
  case APUS_OPTION_SEND_BUFFER:
    // Above the kernel's limit where apus may go there.
    if (set(descriptor, level, name == SO_RCVBUF ? SO_RCVBUFFORCE : SO_SNDBUFFORCE, value) == 0) return 0;
    break;
  case APUS_OPTION_NO_DELAY:
    if (get(descriptor, SO_PROTOCOL) == IPPROTO_SCTP) return set(descriptor, SCTP_LEVEL, SCTP_NODELAY_, value);
    break;
  case APUS_OPTION_TIMESTAMPING:
    if (value == 2) name = SO_TIMESTAMPNS;
    value = 1;
    break;
  case APUS_OPTION_PASS_PACKET_INFO:
    if (family == AF_NETLINK) return set(descriptor, SOL_NETLINK, NETLINK_PKTINFO, value);
    break;
  default: break;
  }
  int32_t result = set(descriptor, level, name, value);
  // Peers of IPv4 on a dual socket go by the one of IPv4, which therefore is set as well; the own family's counts.
  if (family == AF_INET6 && table[option].v6) result = set(descriptor, IPPROTO_IPV6, table[option].v6, value);
  return result;
}

int32_t apus_reuse_address(int32_t socket) { return set(socket, SOL_SOCKET, SO_REUSEADDR, 1); }
int32_t apus_bind_to_device(int32_t socket, const uint8_t *name, uint64_t count) {
  return (int32_t)RAW(__NR_setsockopt, socket, SOL_SOCKET, SO_BINDTODEVICE, name, count);
}
int32_t apus_set_congestion(int32_t socket, const uint8_t *name, uint64_t count) {
  return (int32_t)RAW(__NR_setsockopt, socket, IPPROTO_TCP, TCP_CONGESTION, name, count);
}
