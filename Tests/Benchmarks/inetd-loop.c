/* inetd-loop PORT COMMAND ARGUMENT...: what no inetd can do with less: accept, vfork, exec, close. It limits nothing, watches
 * nothing, knows nobody's end (the kernel reaps), and serves one port. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0) return 1;
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) continue;
    if (vfork() == 0) {
      for (int standard = 0; standard < 3; standard++) dup2(connection, standard);
      execv(argv[2], argv + 2);
      _exit(127);
    }
    close(connection);
  }
}
