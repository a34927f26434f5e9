/* A client of sockets, for tests and benchmarks.
 *   load net [ADDRESS6]...                        brings the loopback interface up, and gives it these IPv6 addresses
 *   load [OPTION]... ADDRESS COUNT [AT-ONCE]      COUNT connections, at most AT-ONCE at a time (1)
 *     ADDRESS        127.0.0.1:80, [::1]:80, /path, @abstract, vsock:CID:PORT
 *     --from=IP      the connections come from this address
 *     --send=TEXT    what is sent on each of them at first
 *     --hold         each stays open until all AT-ONCE have had an answer, or an end
 *     --open         says "open" as soon as all COUNT are connected
 *     --tell         prints what each of them has got, in the order of their connecting; | for the end of a line
 *     --datagrams    COUNT datagrams in place of connections, each waiting for its answer
 *     --packets      connections of packets in sequence (UNIX sockets)
 *     --unsorted     prints the nanoseconds of each, in place of the summary
 *     --for=SECONDS  so long, whatever COUNT says
 *     --timeout=S    of a connection (30)
 * SIGTERM ends all. Prints one line: served= (bytes came), empty= (an end without a byte), refused=, reset=, failed= (another error), late=, and then
 * seconds= and, in microseconds, p50= p99= max= from connect to the end. Status 0 whatever came of them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct in6_ifreq { struct in6_addr address; unsigned prefix; int interface; };

enum end { pending, served, empty, refused, reset, failed, late, ends };
static const char *names[ends] = {"pending", "served", "empty", "refused", "reset", "failed", "late"};

struct connection {
  int descriptor, connected, got;
  enum end end;
  long began, took;
  char text[256];
};

static struct sockaddr_storage target, source;
static socklen_t target_size, source_size;
static const char *sent = "";
static int holds, opens, tells, datagrams, packets, unsorted, queue;
static long timeout_ns = 30000000000L, span_ns;
static struct connection *all;
static int answered, running;
static volatile sig_atomic_t is_stopped;

static void stop(int signal) {
  (void)signal;
  is_stopped = 1;
}

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static socklen_t parse(const char *text, struct sockaddr_storage *into) {
  memset(into, 0, sizeof *into);
  if (*text == '/' || *text == '@') {
    struct sockaddr_un *un = (void *)into;
    un->sun_family = AF_UNIX;
    strncpy(un->sun_path, text, sizeof un->sun_path - 1);
    if (*text == '@') un->sun_path[0] = 0;
    return offsetof(struct sockaddr_un, sun_path) + strlen(text) + (*text == '/');
  }
  struct sockaddr_vm *vm = (void *)into;
  if (sscanf(text, "vsock:%u:%u", &vm->svm_cid, &vm->svm_port) == 2) {
    vm->svm_family = AF_VSOCK;
    return sizeof *vm;
  }
  char host[64] = "";
  const char *colon = strrchr(text, ':');
  int port = 0;
  if (*text == '[') {
    const char *close = strchr(text, ']');
    if (close == NULL || close - text > 60) die("address");
    memcpy(host, text + 1, close - text - 1);
    if (close[1] == ':') port = atoi(close + 2);
  } else if (colon != NULL && strchr(text, ':') == colon) {
    memcpy(host, text, colon - text);
    port = atoi(colon + 1);
  } else {
    strncpy(host, text, sizeof host - 1);
  }
  struct sockaddr_in *v4 = (void *)into;
  struct sockaddr_in6 *v6 = (void *)into;
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) die(host);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  return sizeof *v6;
}

static int net(char **addresses) {
  struct ifreq request = {.ifr_name = "lo"};
  int v4 = socket(AF_INET, SOCK_DGRAM, 0), v6 = socket(AF_INET6, SOCK_DGRAM, 0);
  if (v4 < 0 || ioctl(v4, SIOCGIFFLAGS, &request) != 0) die("lo");
  request.ifr_flags |= IFF_UP;
  if (ioctl(v4, SIOCSIFFLAGS, &request) != 0 || ioctl(v4, SIOCGIFINDEX, &request) != 0) die("lo up");
  for (; *addresses != NULL; addresses++) {
    struct in6_ifreq address = {.prefix = 128, .interface = request.ifr_ifindex};
    if (inet_pton(AF_INET6, *addresses, &address.address) != 1 || v6 < 0 || ioctl(v6, SIOCSIFADDR, &address) != 0) die(*addresses);
  }
  return 0;
}

static void finish(struct connection *one, enum end end) {
  if (one->end != pending) return;
  one->end = end;
  one->took = now() - one->began;
  running--;
  if (one->got == 0) answered++;
  if (one->descriptor >= 0) close(one->descriptor);
  one->descriptor = -1;
}

static enum end of_errno(int error) {
  if (error == ECONNREFUSED || error == ENOENT) return refused;
  if (error == ECONNRESET || error == EPIPE) return reset;
  if (error == ETIMEDOUT) return late;
  fprintf(stderr, "load: %s\n", strerror(error));
  return failed;
}

static void begin(struct connection *one) {
  one->began = now();
  running++;
  one->descriptor = socket(target.ss_family, (datagrams ? SOCK_DGRAM : packets ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (one->descriptor < 0) return finish(one, of_errno(errno));
  if (source_size != 0 && bind(one->descriptor, (void *)&source, source_size) != 0) return finish(one, of_errno(errno));
  if (datagrams && target.ss_family == AF_UNIX) {
    /* An address of its own, to be answered at. */
    sa_family_t family = AF_UNIX;
    bind(one->descriptor, (void *)&family, sizeof family);
  }
  while (connect(one->descriptor, (void *)&target, target_size) != 0) {
    if (errno == EINPROGRESS) break;
    /* The queue of a UNIX socket is full: nobody says when it is not. */
    if (errno == EAGAIN && now() - one->began < timeout_ns) {
      poll(NULL, 0, 1);
      continue;
    }
    return finish(one, of_errno(errno));
  }
  struct epoll_event event = {.events = EPOLLOUT | EPOLLIN | EPOLLRDHUP, .data.ptr = one};
  if (epoll_ctl(queue, EPOLL_CTL_ADD, one->descriptor, &event) != 0) die("epoll_ctl");
}

static void happened(struct connection *one, unsigned events) {
  if (one->end != pending) return;
  if (!one->connected) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(one->descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return finish(one, of_errno(error));
    if (!(events & EPOLLOUT)) return;
    one->connected = 1;
    if ((*sent != 0 || datagrams) && send(one->descriptor, sent, strlen(sent), MSG_NOSIGNAL) < 0) return finish(one, of_errno(errno));
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = one};
    epoll_ctl(queue, EPOLL_CTL_MOD, one->descriptor, &event);
  }
  for (;;) {
    char block[4096];
    ssize_t count = recv(one->descriptor, block, sizeof block, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return finish(one, of_errno(errno));
    if (count == 0) return finish(one, one->got > 0 ? served : empty);
    if (one->got == 0) answered++;
    size_t kept = strlen(one->text), more = count;
    if (more > sizeof one->text - 1 - kept) more = sizeof one->text - 1 - kept;
    memcpy(one->text + kept, block, more);
    one->got += count;
    if (datagrams) return finish(one, served);
  }
}

static int by_size(const void *a, const void *b) { return *(const long *)a < *(const long *)b ? -1 : *(const long *)a > *(const long *)b; }

static void report(int count, long took) {
  int number[ends] = {0}, known = 0;
  long *times = calloc(count + 1, sizeof *times);
  for (int i = 0; i < count; i++) {
    number[all[i].end]++;
    if (all[i].end == served) times[known++] = all[i].took;
    if (tells) {
      size_t size = strlen(all[i].text);
      if (size > 0 && all[i].text[size - 1] == '\n') all[i].text[--size] = 0;
      for (size_t k = 0; k < size; k++) if (all[i].text[k] == '\n') all[i].text[k] = '|';
      printf("%s %s\n", names[all[i].end], all[i].text);
    }
    if (unsorted && all[i].end == served) printf("%ld\n", all[i].took);
  }
  if (unsorted) return;
  qsort(times, known, sizeof *times, by_size);
  for (int end = served; end < ends; end++) printf("%s=%d ", names[end], number[end]);
  printf("seconds=%.4f ", took / 1e9);
  printf("p50=%.1f p99=%.1f max=%.1f\n", times[known / 2] / 1e3, times[(int)(known * 0.99)] / 1e3, known ? times[known - 1] / 1e3 : 0);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);
  if (argc > 1 && strcmp(argv[1], "net") == 0) return net(argv + 2);
  int at = 1;
  for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
    const char *option = argv[at] + 2;
    if (strncmp(option, "from=", 5) == 0) source_size = parse(option + 5, &source);
    else if (strncmp(option, "send=", 5) == 0) sent = option + 5;
    else if (strncmp(option, "timeout=", 8) == 0) timeout_ns = atof(option + 8) * 1e9;
    else if (strncmp(option, "for=", 4) == 0) span_ns = atof(option + 4) * 1e9;
    else if (strcmp(option, "hold") == 0) holds = 1;
    else if (strcmp(option, "open") == 0) opens = 1;
    else if (strcmp(option, "tell") == 0) tells = 1;
    else if (strcmp(option, "datagrams") == 0) datagrams = 1;
    else if (strcmp(option, "packets") == 0) packets = 1;
    else if (strcmp(option, "unsorted") == 0) unsorted = 1;
    else return 64;
  }
  if (argc - at < 2) return 64;
  target_size = parse(argv[at], &target);
  int count = atoi(argv[at + 1]), most = argc - at > 2 ? atoi(argv[at + 2]) : 1;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  all = calloc(count, sizeof *all);
  queue = epoll_create1(EPOLL_CLOEXEC);
  if (queue < 0 || all == NULL) die("load");
  int begun = 0, oldest = 0, connected = 0;
  long began = now();
  for (;;) {
    int is_over = span_ns != 0 && now() - began > span_ns;
    while (running < most && begun < count && !is_over) begin(&all[begun++]);
    if (holds && answered >= count) break;
    if (running == 0 && (begun == count || is_over)) break;
    struct epoll_event events[64];
    int ready = epoll_wait(queue, events, 64, opens ? 5 : 100);
    for (int i = 0; i < ready; i++) happened(events[i].data.ptr, events[i].events);
    /* Who came first is late first. */
    while (oldest < begun && all[oldest].end != pending) oldest++;
    while (!holds && oldest < begun && all[oldest].end == pending && now() - all[oldest].began > timeout_ns) finish(&all[oldest++], late);
    if (holds && now() - began > timeout_ns) break;
    if (is_stopped) break;
    if (opens && begun == count) {
      connected = 0;
      for (int i = 0; i < count; i++) connected += all[i].connected || all[i].end != pending;
      if (connected < count) continue;
      opens = 0;
      puts("open");
      fflush(stdout);
    }
  }
  long took = now() - began;
  for (int i = 0; i < begun; i++) finish(&all[i], all[i].got > 0 ? served : late);
  report(begun, took);
  return 0;
}
