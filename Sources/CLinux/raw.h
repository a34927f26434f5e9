// System calls without the C library: no errno, no thread-local, no stack protector. child.c may use nothing else.
#ifndef APUS_RAW_H
#define APUS_RAW_H
#include <stdint.h>
#include <asm/unistd.h>

#if defined(__x86_64__)
static inline __attribute__((always_inline)) long raw6(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
static inline __attribute__((always_inline)) long raw6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "apus knows x86_64 and aarch64"
#endif

#define RAW(number, ...) RAW_(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RAW_(number, a, b, c, d, e, f, ...) \
  raw6((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

// The kernel's own layout, which is not the C library's.
struct raw_sigaction {
  void *handler;
  unsigned long flags;
  void *restorer;
  uint64_t mask;
};

enum {
  RAW_ENOENT = 2, RAW_EINTR = 4, RAW_EBADF = 9, RAW_EAGAIN = 11, RAW_ENOMEM = 12, RAW_EACCES = 13, RAW_EBUSY = 16, RAW_ENOTDIR = 20,
  RAW_EINVAL = 22, RAW_EPERM = 1, RAW_ENOSYS = 38, RAW_EIO = 5, RAW_EEXIST = 17, RAW_EROFS = 30, RAW_ENAMETOOLONG = 36, RAW_ELOOP = 40,
  RAW_SIGNALS = 64, RAW_SIGPIPE = 13, RAW_SIGCHLD = 17,
  RAW_AT_FDCWD = -100,
  RAW_RLIMIT_NICE = 13, RAW_RLIMIT_RTTIME = 15,
};
#endif
