// seccomp-exec ENOSYS|EPERM COMMAND ARG...: runs COMMAND under a filter that answers so to the system calls that old kernels
// do not have and old container profiles refuse: clone3, pidfd_open, pidfd_send_signal, close_range, pwritev2, execveat.
// seccomp-exec no-netlink|no-ipv6 COMMAND ARG...: no sockets of that family.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int run(const struct sock_fprog *program, char **command) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) < 0) {
    perror("seccomp-exec");
    return 71;
  }
  execvp(command[0], command);
  perror(command[0]);
  return 127;
}

static int without_family(char **argv) {
  int is_v6 = strcmp(argv[1], "no-ipv6") == 0;
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, is_v6 ? 10 : 16, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (is_v6 ? EAFNOSUPPORT : EPERM)),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  return run(&program, argv + 2);
}

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  if (strncmp(argv[1], "no-", 3) == 0) return without_family(argv);
  unsigned answer = SECCOMP_RET_ERRNO | (strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS);
  static const int refused[] = {
    __NR_clone3, __NR_pidfd_open, __NR_pidfd_send_signal, __NR_close_range, __NR_pwritev2, __NR_execveat,
  };
  enum { COUNT = sizeof refused / sizeof *refused };
  struct sock_filter filter[COUNT + 3];
  filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int index = 0; index < COUNT; index++)
    filter[1 + index] =
      (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)refused[index], (unsigned char)(COUNT - index), 0);
  filter[COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter[COUNT + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
  struct sock_fprog program = {COUNT + 3, filter};
  return run(&program, argv + 2);
}
