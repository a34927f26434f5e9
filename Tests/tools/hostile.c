// hostile SOCKET KIND SECONDS: one ill-mannered client of the control socket, of the uid it runs as.
//   silent    connects and says nothing           drip     one byte every 50 ms, never a whole request
//   leave     asks and leaves before the answer   garbage  random bytes
//   huge      a request of 1 MB                    deaf     asks again and again and never reads
//   stop      asks to stop every unit it is told   (hostile SOCKET stop SECONDS UNIT)
// It connects anew whenever it is thrown out, until SECONDS are over.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 4) return 64;
  signal(SIGPIPE, SIG_IGN);
  double end = now() + strtod(argv[3], 0);
  const char *kind = argv[2];
  static char block[1 << 20];
  unsigned seed = (unsigned)getpid();
  while (now() < end) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
      if (fd >= 0) close(fd);
      poll(0, 0, 20);
      continue;
    }
    const char *ask = "GET /v1/units HTTP/1.1\r\nHost: x\r\n\r\n";
    char request[512];
    if (!strcmp(kind, "silent")) {
      struct pollfd wait = {fd, POLLIN | POLLHUP, 0};
      poll(&wait, 1, (int)((end - now()) * 1000));
    } else if (!strcmp(kind, "drip")) {
      for (size_t at = 0; now() < end; at++) {
        if (send(fd, &ask[at % 14], 1, 0) < 0 && errno != EAGAIN) break;
        poll(0, 0, 50);
      }
    } else if (!strcmp(kind, "leave")) {
      send(fd, ask, strlen(ask), 0);
    } else if (!strcmp(kind, "garbage")) {
      for (size_t at = 0; at < 4096; at++) block[at] = (char)rand_r(&seed);
      send(fd, block, 4096, 0);
      poll(0, 0, 5);
    } else if (!strcmp(kind, "huge")) {
      memset(block, 'A', sizeof block);
      memcpy(block, "GET /v1/units?", 14);
      for (size_t at = 0; at < sizeof block && now() < end;) {
        ssize_t sent = send(fd, block + at, sizeof block - at, 0);
        if (sent > 0) at += (size_t)sent;
        else if (errno != EAGAIN) break;
        else poll(0, 0, 5);
      }
    } else if (!strcmp(kind, "deaf")) {
      while (now() < end) {
        if (send(fd, ask, strlen(ask), 0) < 0 && errno != EAGAIN) break;
        poll(0, 0, 5);
      }
    } else if (!strcmp(kind, "stop") && argc > 4) {
      snprintf(request, sizeof request, "POST /v1/units/%s/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", argv[4]);
      send(fd, request, strlen(request), 0);
      poll(0, 0, 20);
    } else {
      return 64;
    }
    close(fd);
    poll(0, 0, 2);
  }
  return 0;
}
