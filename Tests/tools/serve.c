/* Small servers over sockets that they are given.
 *   serve lines              accepts on every listener from descriptor 3 on (LISTEN_FDS), sends "PID NAME" (LISTEN_FDNAMES), closes;
 *                            SIGTERM ends it between two connections
 *   serve keep               the same, but a connection stays until its peer ends it
 *   serve hello [TEXT]       inetd mode: sends TEXT and ends
 *   serve datagrams SECONDS  wait-style: answers the datagrams of descriptor 0 with "PID TEXT", ends when none came for so long
 *   serve greet [TEXT]       inetd mode: sends "REMOTE_ADDR REMOTE_PORT LISTEN_FDS TEXT" and stays until the peer ends
 *   serve what [LABEL]       says on descriptor 1 what it was given: LISTEN_PID is its own or not, LISTEN_FDS, LISTEN_FDNAMES, and of each
 *                            descriptor from 3 on its kind and whether it blocks
 *   serve take               reads what waits at the descriptors from 3 on, and ends: "NAME TEXT" for each message, | for the end of a line;
 *                            of netlink's route the type and the interface */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t is_over;
static void over(int signal) { (void)signal; is_over = 1; }

static const char *value(const char *name) {
  const char *text = getenv(name);
  return text != NULL && *text != 0 ? text : "-";
}

/* The name of the descriptor so-and-so far from 3. */
static const char *name_of(int index) {
  static char names[1024];
  strncpy(names, value("LISTEN_FDNAMES"), sizeof names - 1);
  char *rest = names, *name = strsep(&rest, ":");
  while (index-- > 0 && rest != NULL) name = strsep(&rest, ":");
  return name;
}

static int lines(int keeps) {
  enum { most = 1024 };
  static struct pollfd watched[most];
  int count = atoi(value("LISTEN_FDS"));
  if (count < 1 || count > 16) return 2;
  sigset_t term, none;
  sigemptyset(&none);
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, NULL);
  struct sigaction action = {.sa_handler = over};
  sigaction(SIGTERM, &action, NULL);
  int used = count;
  for (int i = 0; i < count; i++) {
    watched[i] = (struct pollfd){.fd = 3 + i, .events = POLLIN};
    fcntl(3 + i, F_SETFL, O_NONBLOCK);
  }
  while (!is_over) {
    if (ppoll(watched, used, NULL, &none) < 0) continue;
    for (int i = used - 1; i >= count; i--) {
      char block[512];
      if (watched[i].revents == 0 || read(watched[i].fd, block, sizeof block) > 0) continue;
      close(watched[i].fd);
      watched[i] = watched[--used];
    }
    for (int i = 0; i < count; i++) {
      int peer = accept(3 + i, NULL, NULL);
      if (peer < 0) continue;
      dprintf(peer, "%d %s\n", getpid(), name_of(i));
      if (keeps && used < most) watched[used++] = (struct pollfd){.fd = peer, .events = POLLIN};
      else close(peer);
    }
  }
  return 0;
}

static int datagrams(double seconds) {
  for (;;) {
    struct pollfd input = {.fd = 0, .events = POLLIN};
    if (poll(&input, 1, seconds * 1000) <= 0) return 0;
    char text[512], answer[600];
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    ssize_t count = recvfrom(0, text, sizeof text - 1, 0, (void *)&peer, &size);
    if (count < 0) return 1;
    text[count] = 0;
    int length = snprintf(answer, sizeof answer, "%d %s", getpid(), text);
    sendto(0, answer, length, 0, (void *)&peer, size);
  }
}

static int greet(const char *text) {
  dprintf(1, "%s %s %s %s\n", value("REMOTE_ADDR"), value("REMOTE_PORT"), value("LISTEN_FDS"), text);
  char block[512];
  while (read(0, block, sizeof block) > 0) {}
  return 0;
}

static int number_of(int descriptor, int option) {
  int number = -1;
  socklen_t size = sizeof number;
  return getsockopt(descriptor, SOL_SOCKET, option, &number, &size) == 0 ? number : -1;
}

static int is_queue(int descriptor) {
  struct mq_attr limits;
  return mq_getattr(descriptor, &limits) == 0;
}

static const char *kind_of(int descriptor) {
  struct stat info;
  if (fstat(descriptor, &info) != 0) return "closed";
  if (S_ISFIFO(info.st_mode)) return "fifo";
  if (S_ISCHR(info.st_mode)) return "device";
  if (!S_ISSOCK(info.st_mode)) return is_queue(descriptor) ? "queue" : "file";
  if (number_of(descriptor, SO_DOMAIN) == AF_NETLINK) return "netlink";
  if (number_of(descriptor, SO_DOMAIN) == AF_VSOCK) return "vsock";
  switch (number_of(descriptor, SO_TYPE)) {
  case SOCK_STREAM: return "stream";
  case SOCK_DGRAM: return "datagram";
  case SOCK_SEQPACKET: return "packet";
  default: return "other";
  }
}

static void show_route(const char *name, const char *text, ssize_t count) {
  const struct nlmsghdr *header = (const void *)text;
  if (count < (ssize_t)NLMSG_LENGTH(sizeof(struct ifinfomsg))) return;
  const struct rtattr *attribute = (const void *)(text + NLMSG_LENGTH(sizeof(struct ifinfomsg)));
  int left = count - NLMSG_LENGTH(sizeof(struct ifinfomsg));
  while (RTA_OK(attribute, left) && attribute->rta_type != IFLA_IFNAME) attribute = RTA_NEXT(attribute, left);
  printf("%s %d %s\n", name, header->nlmsg_type, RTA_OK(attribute, left) ? (const char *)RTA_DATA(attribute) : "-");
}

static int take(void) {
  static char text[65536];
  for (int i = 0; i < atoi(value("LISTEN_FDS")); i++) {
    const char *kind = kind_of(3 + i);
    struct pollfd input = {.fd = 3 + i, .events = POLLIN};
    /* A file is always ready: one look is enough. */
    int most = strcmp(kind, "file") == 0 ? 1 : 1000;
    while (most-- > 0 && poll(&input, 1, 0) > 0) {
      ssize_t count = is_queue(3 + i) ? mq_receive(3 + i, text, sizeof text - 1, NULL) : read(3 + i, text, sizeof text - 1);
      if (count < 0) return 1;
      if (count == 0) break;
      text[count] = 0;
      if (strcmp(kind, "netlink") == 0 && number_of(3 + i, SO_PROTOCOL) == NETLINK_ROUTE) {
        show_route(name_of(i), text, count);
        continue;
      }
      for (char *end = text; (end = strchr(end, '\n')) != NULL;) *end = '|';
      printf("%s %s\n", name_of(i), text);
    }
  }
  return 0;
}

static int what(const char *label) {
  const char *pid = value("LISTEN_PID");
  if (*label != 0) printf("%s ", label);
  printf("pid=%s fds=%s names=%s", *pid == '-' ? "-" : atoi(pid) == getpid() ? "own" : "other", value("LISTEN_FDS"), value("LISTEN_FDNAMES"));
  for (int i = 0; i < atoi(value("LISTEN_FDS")); i++) {
    printf(" %s", kind_of(3 + i));
    if (fcntl(3 + i, F_GETFL) & O_NONBLOCK) printf("+nonblocking");
  }
  printf("\n");
  return 0;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  if (strcmp(mode, "lines") == 0) return lines(0);
  if (strcmp(mode, "keep") == 0) return lines(1);
  if (strcmp(mode, "hello") == 0) return dprintf(1, "%s\n", argc > 2 ? argv[2] : "hello") < 0;
  if (strcmp(mode, "datagrams") == 0) return datagrams(argc > 2 ? atof(argv[2]) : 1);
  if (strcmp(mode, "greet") == 0) return greet(argc > 2 ? argv[2] : "-");
  if (strcmp(mode, "what") == 0) return what(argc > 2 ? argv[2] : "");
  if (strcmp(mode, "take") == 0) return take();
  return 64;
}
