// Who is connected to a listener: by sock_diag(7), and where that is refused by /proc/net.
#include "CListen.h"

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "raw.h"

enum {
  ESTABLISHED = 1, SYN_RECEIVED = 3, FIN_WAIT_1 = 4, FIN_WAIT_2 = 5, CLOSE_WAIT = 8, LAST_ACK = 9, CLOSING = 11,
  NOT_SUPPORTED = 95,
  // Answers read for one listener; what is connected beyond is not counted, which makes no difference to whether any is.
  ANSWERS_MAX = 4096,
};

// What is looked for: the listener's own end.
struct wanted {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
  } name;
  unsigned size;
  int family;
  uint16_t port;           // in network order
  const uint8_t *address;  // 4 or 16 bytes; null: any
};

static unsigned address_size(const struct wanted *wanted) { return wanted->family == AF_INET6 ? 16 : 4; }

static int is_equal(const uint8_t *one, const uint8_t *other, unsigned count) {
  for (unsigned index = 0; index < count; index++)
    if (one[index] != other[index]) return 0;
  return 1;
}

// MARK: sock_diag

union request {
  struct nlmsghdr header;
  struct {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
  } internet;
  struct {
    struct nlmsghdr header;
    struct unix_diag_req body;
  } local;
};

static long ask(const struct wanted *wanted) {
  union request request;
  volatile uint8_t *byte = (volatile uint8_t *)&request;
  for (unsigned index = 0; index < sizeof request; index++) byte[index] = 0;
  if (wanted->family == AF_UNIX) {
    request.header.nlmsg_len = sizeof request.local;
    request.local.body.sdiag_family = AF_UNIX;
    request.local.body.udiag_states = 1 << ESTABLISHED;
    request.local.body.udiag_show = UDIAG_SHOW_NAME;
  } else {
    request.header.nlmsg_len = sizeof request.internet;
    request.internet.body.sdiag_family = (uint8_t)wanted->family;
    request.internet.body.sdiag_protocol = IPPROTO_TCP;
    request.internet.body.idiag_states = 1 << ESTABLISHED | 1 << SYN_RECEIVED | 1 << FIN_WAIT_1 | 1 << FIN_WAIT_2 | 1 << CLOSE_WAIT
                                         | 1 << LAST_ACK | 1 << CLOSING;
    request.internet.body.id.idiag_sport = wanted->port;
  }
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  long socket = RAW(__NR_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  if (socket < 0) return socket;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  long result = RAW(__NR_sendto, socket, &request, request.header.nlmsg_len, MSG_DONTWAIT, &kernel, sizeof kernel);
  if (result >= 0) return socket;
  RAW(__NR_close, socket);
  return result;
}

// After its end by the server a connection goes on without it, as nobody's: that has no inode, and is no reason to wait.
static int counts(int state, uint32_t inode) {
  return state == ESTABLISHED || state == SYN_RECEIVED || state == CLOSE_WAIT || inode != 0;
}

static int is_internet(const struct wanted *wanted, const struct inet_diag_msg *found, unsigned size) {
  if (size < sizeof *found || found->idiag_family != wanted->family || found->id.idiag_sport != wanted->port) return 0;
  if (!counts(found->idiag_state, found->idiag_inode)) return 0;
  return !wanted->address || is_equal((const uint8_t *)found->id.idiag_src, wanted->address, address_size(wanted));
}

// An accepted socket has its listener's name.
static int is_local(const struct wanted *wanted, const uint8_t *found, unsigned size) {
  unsigned length = wanted->size - offsetof(struct sockaddr_un, sun_path);
  const uint8_t *name = (const uint8_t *)wanted->name.local.sun_path;
  for (unsigned offset = NLMSG_ALIGN(sizeof(struct unix_diag_msg)); offset + sizeof(struct rtattr) <= size;) {
    const struct rtattr *item = (const struct rtattr *)(found + offset);
    if (item->rta_len < sizeof *item || offset + item->rta_len > size) return 0;
    if (item->rta_type == UNIX_DIAG_NAME)
      return item->rta_len - sizeof *item == length && is_equal(found + offset + sizeof *item, name, length);
    offset += RTA_ALIGN(item->rta_len);
  }
  return 0;
}

static int64_t count_by_netlink(const struct wanted *wanted) {
  long socket = ask(wanted);
  if (socket < 0) return socket;
  // The kernel makes no answer longer than this.
  uint8_t buffer[8192] __attribute__((aligned(8)));
  int64_t count = 0, result = -NOT_SUPPORTED;
  for (int round = 0; round < ANSWERS_MAX; round++) {
    long size = RAW(__NR_recvfrom, socket, buffer, sizeof buffer, MSG_DONTWAIT, 0, 0);
    if (size == -RAW_EINTR) continue;
    result = size <= 0 ? -NOT_SUPPORTED : count;
    if (size <= 0) break;
    int is_over = 0;
    for (long offset = 0; !is_over && offset + (long)sizeof(struct nlmsghdr) <= size;) {
      const struct nlmsghdr *item = (const struct nlmsghdr *)(buffer + offset);
      if (item->nlmsg_len < sizeof *item || (long)item->nlmsg_len > size - offset) break;
      const uint8_t *body = buffer + offset + sizeof *item;
      unsigned length = item->nlmsg_len - (unsigned)sizeof *item;
      // Both begin with an error number; no module, or no right, shows only here.
      if (item->nlmsg_type == NLMSG_DONE || item->nlmsg_type == NLMSG_ERROR) {
        is_over = 1;
        result = length >= 4 && *(const int32_t *)body < 0 ? *(const int32_t *)body : count;
      } else if (wanted->family == AF_UNIX ? is_local(wanted, body, length) : is_internet(wanted, (const void *)body, length)) {
        count++;
      }
      offset += NLMSG_ALIGN(item->nlmsg_len);
    }
    if (is_over) break;
    result = count;
  }
  RAW(__NR_close, socket);
  return result;
}

// MARK: /proc/net

// The listener's end as a line of /proc/net has it; its length.
static unsigned write_wanted(const struct wanted *wanted, char *into) {
  const char *digits = "0123456789ABCDEF";
  unsigned length = 0;
  if (wanted->family == AF_UNIX) {
    unsigned count = wanted->size - offsetof(struct sockaddr_un, sun_path);
    const char *name = wanted->name.local.sun_path;
    if (count && name[0] && !name[count - 1]) count--;
    for (; length < count; length++) into[length] = name[length] ? name[length] : '@';
    return length;
  }
  // Words of 32 bits in the machine's order.
  for (unsigned word = 0; wanted->address && word < address_size(wanted); word += 4)
    for (int index = 3; index >= 0; index--) {
      into[length++] = digits[wanted->address[word + (unsigned)index] >> 4];
      into[length++] = digits[wanted->address[word + (unsigned)index] & 15];
    }
  into[length++] = ':';
  const uint8_t *port = (const uint8_t *)&wanted->port;
  for (int index = 0; index < 2; index++) {
    into[length++] = digits[port[index] >> 4];
    into[length++] = digits[port[index] & 15];
  }
  return length;
}

static uint32_t number(const char *text, unsigned length, unsigned base) {
  uint32_t value = 0;
  for (unsigned index = 0; index < length; index++) {
    char digit = text[index];
    value = value * base + (uint32_t)(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
  }
  return value;
}

// Columns of TCP: number, local, remote, state, queues, timer, retransmits, user, timeout, inode. Of AF_UNIX: number,
// references, protocol, flags, type, state, inode, name to the end of the line.
static int is_line(const struct wanted *wanted, const char *line, unsigned length, const char *end, unsigned end_length) {
  const char *column[10];
  unsigned size[10], count = 0, at = 0;
  int local = wanted->family == AF_UNIX;
  while (at < length && count < (local ? 8u : 10u)) {
    while (at < length && line[at] == ' ') at++;
    column[count] = line + at;
    if (local && count == 7) at = length;
    else
      while (at < length && line[at] != ' ') at++;
    size[count] = (unsigned)(line + at - column[count]);
    count++;
  }
  if (local)
    return count == 8 && number(column[5], size[5], 16) == 3 /* connected */ && size[7] == end_length
           && is_equal((const uint8_t *)column[7], (const uint8_t *)end, end_length);
  if (count < 10 || size[1] < end_length) return 0;
  const char *found = column[1] + size[1] - end_length;
  if ((wanted->address && size[1] != end_length) || !is_equal((const uint8_t *)found, (const uint8_t *)end, end_length)) return 0;
  int state = (int)number(column[3], size[3], 16);
  int is_alive = state >= ESTABLISHED && state <= CLOSING && state != 2 && state != 6 && state != 7 && state != 10;
  return is_alive && counts(state, number(column[9], size[9], 10));
}

static int64_t count_in_proc(const struct wanted *wanted) {
  const char *path = wanted->family == AF_UNIX ? "/proc/net/unix" : wanted->family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp";
  char end[sizeof(struct sockaddr_un) + 1], buffer[4096], line[512];
  unsigned end_length = write_wanted(wanted, end), length = 0;
  long file = RAW(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return file == -RAW_ENOENT || file == -RAW_EACCES || file == -RAW_EPERM ? -NOT_SUPPORTED : file;
  int64_t count = 0;
  for (int round = 0; round < ANSWERS_MAX; round++) {
    long size = RAW(__NR_read, file, buffer, sizeof buffer);
    if (size == -RAW_EINTR) continue;
    if (size <= 0) break;
    for (long index = 0; index < size; index++) {
      if (buffer[index] != '\n') {
        // No line that matters is longer.
        if (length < sizeof line) line[length++] = buffer[index];
        continue;
      }
      if (is_line(wanted, line, length, end, end_length)) count++;
      length = 0;
    }
  }
  RAW(__NR_close, file);
  return count;
}

int64_t apus_count_connections(int32_t listener) {
  struct wanted wanted;
  int listens = 0, protocol = 0;
  socklen_t size = sizeof listens;
  if (RAW(__NR_getsockopt, listener, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens) return 0;
  size = sizeof protocol;
  RAW(__NR_getsockopt, listener, SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
  size = sizeof wanted.name;
  long result = RAW(__NR_getsockname, listener, &wanted.name, &size);
  if (result < 0) return result;
  wanted.size = size;
  wanted.family = wanted.name.any.sa_family;
  if (wanted.family == AF_INET) {
    wanted.port = wanted.name.v4.sin_port;
    wanted.address = (const uint8_t *)&wanted.name.v4.sin_addr;
  } else if (wanted.family == AF_INET6) {
    wanted.port = wanted.name.v6.sin6_port;
    wanted.address = wanted.name.v6.sin6_addr.s6_addr;
  } else if (wanted.family != AF_UNIX) {
    return -NOT_SUPPORTED;
  }
  // MPTCP's connections are seen as those of TCP that carry them.
  if (wanted.family != AF_UNIX && protocol != IPPROTO_TCP && protocol != 262 /* IPPROTO_MPTCP */) return -NOT_SUPPORTED;
  if (wanted.family != AF_UNIX) {
    int is_any = 1;
    for (unsigned index = 0; index < address_size(&wanted); index++) is_any = is_any && !wanted.address[index];
    if (is_any) wanted.address = 0;
  }
  result = count_by_netlink(&wanted);
  return result >= 0 ? result : count_in_proc(&wanted);
}
