// seccomp-exec ENOSYS|EPERM COMMAND ARG...: runs COMMAND under a filter that answers so to the system calls that old kernels
// do not have and old container profiles refuse: clone3, pidfd_open, pidfd_send_signal, close_range, pwritev2, execveat.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 3) return 64;
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
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
    perror("seccomp-exec");
    return 71;
  }
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
