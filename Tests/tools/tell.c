/* Says something to $NOTIFY_SOCKET, as sd_notify(3) does.
 *
 *   tell [-w MS] [-r TIMES] [-f FILE]... [-m] [-b] ASSIGNMENT... [-- COMMAND ARG...]
 *
 * -w MS     waits before each datagram
 * -r TIMES  sends it so often (default 1)
 * -f FILE   sends an open descriptor of FILE along
 * -d NUMBER sends that descriptor of its own along
 * -m        adds MONOTONIC_USEC= of now
 * -b        prints whether the barrier (below) was "released" or "held"
 * An assignment MAINPID=parent names the parent of this process.
 * Afterwards COMMAND is executed in the same process, so that the sender can be a main process that goes on. Without a
 * COMMAND, and with -b, it sends a barrier (the end of a pipe) and waits, for 2 s at most, until the receiver has closed
 * it: a sender that has ended before its message is read can belong to nobody any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "tell: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void sendAll(const char *text, const int *fds, int count) {
  const char *name = getenv("NOTIFY_SOCKET");
  if (!name || !*name) {
    fprintf(stderr, "tell: no NOTIFY_SOCKET\n");
    exit(2);
  }
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(name);
  if (length >= sizeof address.sun_path) { errno = ENAMETOOLONG; fail(name); }
  memcpy(address.sun_path, name, length);
  if (name[0] == '@') address.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  struct iovec part = {(void *)text, strlen(text)};
  char control[CMSG_SPACE(64 * sizeof(int))];
  memset(control, 0, sizeof control);
  struct msghdr message = {
    .msg_name = &address, .msg_namelen = offsetof(struct sockaddr_un, sun_path) + length, .msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, count * sizeof(int));
  }
  if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0) fail("sendmsg");
  close(fd);
}

int main(int argc, char **argv) {
  static char text[1 << 16];
  int fds[64], count = 0, wait = 0, times = 1, barrier = 0, monotonic = 0, at = 1;
  for (; at < argc && argv[at][0] == '-' && strcmp(argv[at], "--"); at++) {
    char option = argv[at][1];
    if (option == 'b') { barrier = 1; continue; }
    if (option == 'm') { monotonic = 1; continue; }
    if (at + 1 >= argc) { fprintf(stderr, "tell: -%c wants a value\n", option); return 64; }
    char *value = argv[++at];
    if (option == 'w') wait = atoi(value);
    else if (option == 'r') times = atoi(value);
    else if (option == 'd' && count < 64) fds[count++] = atoi(value);
    else if (option == 'f' && count < 64) {
      fds[count] = open(value, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
      if (fds[count++] < 0) fail(value);
    } else { fprintf(stderr, "tell: what is -%c?\n", option); return 64; }
  }
  for (; at < argc && strcmp(argv[at], "--"); at++) {
    size_t used = strlen(text);
    if (used + strlen(argv[at]) + 32 > sizeof text) return 64;
    if (!strcmp(argv[at], "MAINPID=parent")) sprintf(text + used, "%sMAINPID=%d", used ? "\n" : "", (int)getppid());
    else sprintf(text + used, "%s%s", used ? "\n" : "", argv[at]);
  }
  if (monotonic) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sprintf(text + strlen(text), "\nMONOTONIC_USEC=%lld", now.tv_sec * 1000000ll + now.tv_nsec / 1000);
  }
  for (int turn = 0; *text && turn < times; turn++) {
    if (wait) usleep(wait * 1000);
    sendAll(text, fds, count);
  }
  if (barrier || at + 1 >= argc) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) fail("pipe");
    sendAll("BARRIER=1", &ends[1], 1);
    close(ends[1]);
    struct pollfd watch = {.fd = ends[0], .events = 0};
    int released = poll(&watch, 1, 2000) == 1 && (watch.revents & POLLHUP);
    if (barrier) puts(released ? "released" : "held");
    fflush(stdout);
  }
  if (at + 1 < argc) {
    execvp(argv[at + 1], argv + at + 1);
    fail(argv[at + 1]);
  }
  return 0;
}
