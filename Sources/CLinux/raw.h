// System calls without the C library: no errno, no thread-local, no stack protector. child.c may use nothing else.
#ifndef APUS_RAW_H
#define APUS_RAW_H
#include <stdint.h>
#include <asm/unistd.h>

// A call has the arguments that it takes: registers of those that it does not take would have to be cleared (4 KB of the program).
#if defined(__x86_64__)
#define RAW_FOUR register long r10 __asm__("r10") = d
#define RAW_FIVE RAW_FOUR; register long r8 __asm__("r8") = e
#define RAW_SIX RAW_FIVE; register long r9 __asm__("r9") = f
#define RAW_CALL(...) \
  long result; \
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), ##__VA_ARGS__ : "rcx", "r11", "memory"); \
  return result
#define RAW_INLINE static inline __attribute__((always_inline, unused)) long

RAW_INLINE raw0(long number) { RAW_CALL(); }
RAW_INLINE raw1(long number, long a) { RAW_CALL("D"(a)); }
RAW_INLINE raw2(long number, long a, long b) { RAW_CALL("D"(a), "S"(b)); }
RAW_INLINE raw3(long number, long a, long b, long c) { RAW_CALL("D"(a), "S"(b), "d"(c)); }
RAW_INLINE raw4(long number, long a, long b, long c, long d) {
  RAW_FOUR;
  RAW_CALL("D"(a), "S"(b), "d"(c), "r"(r10));
}
RAW_INLINE raw5(long number, long a, long b, long c, long d, long e) {
  RAW_FIVE;
  RAW_CALL("D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8));
}
RAW_INLINE raw6(long number, long a, long b, long c, long d, long e, long f) {
  RAW_SIX;
  RAW_CALL("D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9));
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
#define raw0(number) raw6(number, 0, 0, 0, 0, 0, 0)
#define raw1(number, a) raw6(number, a, 0, 0, 0, 0, 0)
#define raw2(number, a, b) raw6(number, a, b, 0, 0, 0, 0)
#define raw3(number, a, b, c) raw6(number, a, b, c, 0, 0, 0)
#define raw4(number, a, b, c, d) raw6(number, a, b, c, d, 0, 0)
#define raw5(number, a, b, c, d, e) raw6(number, a, b, c, d, e, 0)
#else
#error "apus knows x86_64 and aarch64"
#endif

#define RAW0(n) raw0(n)
#define RAW1(n, a) raw1(n, (long)(a))
#define RAW2(n, a, b) raw2(n, (long)(a), (long)(b))
#define RAW3(n, a, b, c) raw3(n, (long)(a), (long)(b), (long)(c))
#define RAW4(n, a, b, c, d) raw4(n, (long)(a), (long)(b), (long)(c), (long)(d))
#define RAW5(n, a, b, c, d, e) raw5(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define RAW6(n, a, b, c, d, e, f) raw6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW_PICK(n, a, b, c, d, e, f, name, ...) name
// RAW(number, argument...), at most six.
#define RAW(...) RAW_PICK(__VA_ARGS__, RAW6, RAW5, RAW4, RAW3, RAW2, RAW1, RAW0, 0)(__VA_ARGS__)

// prctl looks at what it does not take: that has to be 0.
#define RAW_PRCTL(...) RAW_PRCTL_(__VA_ARGS__, 0, 0, 0)
#define RAW_PRCTL_(option, a, b, ...) RAW(__NR_prctl, option, a, b, 0, 0)

// The kernel's own layout, which is not the C library's.
struct raw_sigaction {
  void *handler;
  unsigned long flags;
  void *restorer;
  uint64_t mask;
};

enum {
  RAW_ENOENT = 2, RAW_EINTR = 4, RAW_EBADF = 9, RAW_ECHILD = 10, RAW_EAGAIN = 11, RAW_ENOMEM = 12, RAW_EACCES = 13, RAW_EBUSY = 16, RAW_ENOTDIR = 20,
  RAW_EINVAL = 22, RAW_EPERM = 1, RAW_ENOSYS = 38, RAW_EIO = 5, RAW_EEXIST = 17, RAW_EROFS = 30, RAW_ENAMETOOLONG = 36, RAW_ELOOP = 40,
  RAW_SIGNALS = 64, RAW_SIGPIPE = 13, RAW_SIGCHLD = 17,
  RAW_AT_FDCWD = -100,
  RAW_RLIMIT_NICE = 13, RAW_RLIMIT_RTTIME = 15,
};
#endif
