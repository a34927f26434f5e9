// witness FILE NAME [ignore | deaf | late] [child NAME | obstinate NAME] [exit N] [for SECONDS]: writes "NAME start PID" to FILE, then one
// line "NAME signal NUMBER" for every signal it gets. What asks to stop (TERM, INT, HUP, QUIT, PWR, RTMIN+3) and SIGABRT end it (status N),
// unless `ignore`; `deaf` ignores them but SIGABRT; `late` ends 300 ms later. `child` starts a second witness of that name and nature; `obstinate`
// starts one that ignores while the first obeys. It ends by itself after SECONDS (60).
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int out;
static const char *name;

static void say(const char *what, long number) {
  char line[256];
  int length = number >= 0 ? snprintf(line, sizeof line, "%s %s %ld\n", name, what, number)
                           : snprintf(line, sizeof line, "%s %s\n", name, what);
  if (write(out, line, (size_t)length) < 0) _exit(74);
}

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  out = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  name = argv[2];
  int ignore = 0, deaf = 0, late = 0, status = 0;
  double seconds = 60;
  const char *child = 0, *obstinate = 0;
  for (int index = 3; index < argc; index++) {
    if (!strcmp(argv[index], "ignore")) ignore = 1;
    if (!strcmp(argv[index], "deaf")) deaf = 1;
    if (!strcmp(argv[index], "late")) late = 1;
    if (!strcmp(argv[index], "child") && index + 1 < argc) child = argv[++index];
    if (!strcmp(argv[index], "obstinate") && index + 1 < argc) obstinate = argv[++index];
    if (!strcmp(argv[index], "exit") && index + 1 < argc) status = (int)strtol(argv[++index], 0, 10);
    if (!strcmp(argv[index], "for") && index + 1 < argc) seconds = strtod(argv[++index], 0);
  }
  // By its path where /proc does not help (a foreign one, none at all).
  const char *self = argv[0];
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, 0);
  if (child || obstinate) {
    pid_t pid = fork();
    if (pid == 0) {
      const char *nature = ignore || obstinate ? "ignore" : deaf ? "deaf" : "";
      execl(self, argv[0], argv[1], child ? child : obstinate, nature, (char *)0);
      _exit(72);
    }
  }
  say("start", getpid());
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (;;) {
    struct timespec step = {0, 50 * 1000 * 1000};
    int signal = sigtimedwait(&all, 0, &step);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (signal > 0) {
      if (signal == SIGCHLD) continue;
      say("signal", signal);
      int ends = signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT || signal == SIGPWR ||
                 signal == SIGRTMIN + 3;
      if (!ignore && (signal == SIGABRT || (ends && !deaf))) {
        if (late) poll(0, 0, 300);
        _exit(status);
      }
    }
    if ((now.tv_sec - start.tv_sec) + (now.tv_nsec - start.tv_nsec) / 1e9 > seconds) _exit(status);
  }
}
