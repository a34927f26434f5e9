// escapee MARK SECONDS UID [wait]: everything a process can do to get away from its supervisor. It double-forks, starts a
// new session, becomes another user, empties its environment, lets its parents die, ignores SIGTERM, SIGHUP and SIGINT,
// and forks 200 children a second, each of which does the same for a short while. It ends by itself after SECONDS.
// MARK is argv[0] of all of them, so that a test can find them. With `wait` the first process stays (a service needs a main
// process); without, it exits 0.
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc >= 3 && !strcmp(argv[1], "run")) {
    // Second life: escapee run END UID, with no environment at all.
    double end = strtod(argv[2], 0);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    int alive = 1;
    while (now() < end) {
      pid_t pid = fork();
      if (pid == 0) {
        if (alive % 10 == 0) setsid();
        // A child lives 300 ms: about sixty of them are there at any time.
        double own = now() + 0.3;
        while (now() < own && now() < end) poll(0, 0, 20);
        _exit(0);
      }
      alive++;
      poll(0, 0, 5);
    }
    _exit(0);
  }
  if (argc < 4) return 64;
  double end = now() + strtod(argv[2], 0);
  uid_t uid = (uid_t)strtoul(argv[3], 0, 10);
  char self[4096], until[64];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length < 0) return 71;
  self[length] = 0;
  snprintf(until, sizeof until, "%f", end);
  pid_t first = fork();
  if (first == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    if (getuid() == 0 && uid != 0) {
      if (setgroups(0, 0) || setgid(uid) || setuid(uid)) _exit(71);
    }
    // Nothing may keep a pipe of the test open.
    for (int descriptor = 0; descriptor < 64; descriptor++) close(descriptor);
    char *arguments[] = {argv[1], "run", until, 0}, *environment[] = {0};
    execve(self, arguments, environment);
    _exit(72);
  }
  int status;
  waitpid(first, &status, 0);
  if (argc > 4 && !strcmp(argv[4], "wait")) {
    while (now() < end) poll(0, 0, 100);
  }
  return 0;
}
