// The static release has no C library: this is where the process begins, and the few functions of one that Embedded
// Swift and CLinux call. What is missing here is a link error, so the list is what is needed and no more.
#if APUS_FREESTANDING
#if !defined(__x86_64__)
#error "the libc-free start knows x86_64"
#endif

#include <linux/auxvec.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <time.h>
#include <unistd.h>

#include "../raw.h"

extern int main(int argc, char **argv, char **envp);

typedef void constructor(int argc, char **argv, char **envp);
extern constructor *const __init_array_start[];
extern constructor *const __init_array_end[];

// Sixteen random bytes of the kernel's, for the time when it has no others.
static const uint64_t *kernel_random;

// The kernel starts here, with argc, argv, envp and the auxiliary vector on the stack. Weak, because the same build links
// tools of the tests, which have their C library's own.
__asm__(
  ".text\n"
  ".weak _start\n"
  ".type _start, @function\n"
  "_start:\n\t"
  "xor %ebp, %ebp\n\t"
  "mov %rsp, %rdi\n\t"
  "and $-16, %rsp\n\t"
  "call apus_enter\n\t"
  "ud2\n"
  ".size _start, . - _start");

noreturn void apus_enter(long *stack) {
  int argc = (int)stack[0];
  char **argv = (char **)(stack + 1);
  char **envp = argv + argc + 1;
  char **end = envp;
  while (*end) end++;
  for (unsigned long *pair = (unsigned long *)(end + 1); pair[0] != AT_NULL; pair += 2)
    if (pair[0] == AT_RANDOM) kernel_random = (const uint64_t *)pair[1];
  for (constructor *const *next = __init_array_start; next < __init_array_end; next++) (*next)(argc, argv, envp);
  _exit(main(argc, argv, envp));
}

noreturn void _exit(int status) {
  for (;;) RAW(__NR_exit_group, status);
}

pid_t getpid(void) { return (pid_t)RAW(__NR_getpid); }
uid_t geteuid(void) { return (uid_t)RAW(__NR_geteuid); }
gid_t getegid(void) { return (gid_t)RAW(__NR_getegid); }

// There is no errno: nobody here reads it.
int close(int descriptor) { return RAW(__NR_close, descriptor) < 0 ? -1 : 0; }

int clock_gettime(clockid_t clock, struct timespec *into) {
  return RAW(__NR_clock_gettime, clock, into) < 0 ? -1 : 0;
}

// The way back from a handler: x86_64 has none of the kernel's own.
extern void apus_restore(void);
__asm__(
  ".text\n"
  ".type apus_restore, @function\n"
  "apus_restore:\n\t"
  "mov $15, %eax\n\t"
  "syscall\n"
  ".size apus_restore, . - apus_restore");

int sigaction(int signal, const struct sigaction *wanted, struct sigaction *before) {
  enum { HAS_RESTORER = 0x04000000 };
  struct raw_sigaction action, old;
  if (wanted) {
    action.handler = (void *)wanted->sa_sigaction;
    action.flags = (unsigned long)wanted->sa_flags | HAS_RESTORER;
    action.restorer = (void *)apus_restore;
    action.mask = *(const uint64_t *)&wanted->sa_mask;
  }
  if (RAW(__NR_rt_sigaction, signal, wanted ? &action : 0, before ? &old : 0, 8) < 0) return -1;
  if (before) {
    before->sa_sigaction = (void (*)(int, siginfo_t *, void *))old.handler;
    before->sa_flags = (int)old.flags;
    *(uint64_t *)&before->sa_mask = old.mask;
  }
  return 0;
}

// The seed of Swift's hashing. It must not fail and must not wait, so what an old kernel, or one that has just booted,
// does not give is mixed from the sixteen bytes that every process gets.
void arc4random_buf(void *into, size_t count) {
  static uint64_t state;
  uint8_t *bytes = into;
  long got = RAW(__NR_getrandom, into, count, 1 /* GRND_NONBLOCK */);
  size_t index = got > 0 ? (size_t)got : 0;
  if (index < count && state == 0 && kernel_random) state = kernel_random[0] ^ kernel_random[1];
  for (; index < count; index++) {
    state += 0x9e3779b97f4a7c15;
    uint64_t mixed = (state ^ state >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    bytes[index] = (uint8_t)(mixed >> 56);
  }
}

// How Swift's hash tables size themselves; from 2^52 on every double is whole.
double ceil(double value) {
  if (!(value > -0x1p52 && value < 0x1p52)) return value;
  double whole = (double)(int64_t)value;
  return whole < value ? whole + 1 : whole;
}
#endif
