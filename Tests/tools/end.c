// end exit N | end signal N: ends as it is told, for the tests of exit statuses.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  long number = strtol(argv[2], 0, 10);
  if (!strcmp(argv[1], "exit")) _exit((int)number);
  // No core file is wanted; the signal counts all the same.
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // Raw calls: glibc refuses to touch the two real-time signals it keeps for itself (32, 33).
  unsigned long action[4] = {0, 0, 0, 0}, empty = 0;
  syscall(SYS_rt_sigaction, number, action, 0, 8);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &empty, 0, 8);
  syscall(SYS_kill, getpid(), number);
  return 70;
}
