// first COMMAND ARG...: PID 1 of a test's PID namespace for an apus that is not to be PID 1: starts COMMAND in a session of
// its own (with the terminal, if standard input is one), reaps everybody, and ends as COMMAND did.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  pid_t command = fork();
  if (command == 0) {
    setsid();
    if (isatty(0)) ioctl(0, TIOCSCTTY, 0);
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    _exit(127);
  }
  // What it is sent from outside is not its to act on.
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  for (;;) {
    int status;
    pid_t pid = wait(&status);
    if (pid == command) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (pid < 0 && errno == ECHILD) return 71;
  }
}
