// The C library of the static release: the functions that Embedded Swift and apus call, and their near relations (what nobody
// calls is not linked), on bare system calls.
// glibc's floor is 680 KB (locales, iconv, printf, a dynamic loader), more than all of apus. The ordinary build has the
// platform's own library and leaves this file empty.
//
// apus has one thread: nothing here locks, and errno is one variable.
#ifdef APUS_OWN_LIBC
#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

static int last_error;
int *__errno_location(void) { return &last_error; }

static long answer(long result) {
  if (result >= 0 || result < -4095) return result;
  last_error = (int)-result;
  return -1;
}
#define CALL(number, ...) answer(RAW(number, ##__VA_ARGS__))

// MARK: Start

extern int apus_swift_main(int, char **) __asm__("main");
extern void (*__init_array_start[])(int, char **, char **);
extern void (*__init_array_end[])(int, char **, char **);

// The kernel's first stack: argc, argv…, 0, envp…, 0.
__attribute__((noreturn, used)) void apus_start(long *stack) {
  int argc = (int)stack[0];
  char **argv = (char **)(stack + 1);
  char **envp = argv + argc + 1;
  for (void (**next)(int, char **, char **) = __init_array_start; next < __init_array_end; next++) (*next)(argc, argv, envp);
  _exit(apus_swift_main(argc, argv));
}

#if defined(__x86_64__)
__asm__(
  ".text\n.global _start\n.type _start, @function\n_start:\n"
  "xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call apus_start\n");
__asm__(".text\n.type apus_restore, @function\napus_restore:\n mov $15, %eax\n syscall\n");
extern void apus_restore(void);
#else
__asm__(".text\n.global _start\n.type _start, %function\n_start:\n mov x29, xzr\n mov x0, sp\n b apus_start\n");
#endif

void _exit(int status) {
  for (;;) RAW(__NR_exit_group, status);
}

void exit(int status) { _exit(status); }

void abort(void) {
  RAW(__NR_kill, RAW(__NR_getpid), 6);
  _exit(134);
}

// What the Swift runtime prints goes to stderr's neighbour unbuffered; apus itself prints nothing through it.
int putchar(int character) {
  unsigned char byte = (unsigned char)character;
  return RAW(__NR_write, 1, &byte, 1) == 1 ? byte : -1;
}

// MARK: Memory
//
// Blocks of fixed classes: every 16 bytes up to 1 KiB, then four to a doubling up to 32 KiB, each with a list of free
// ones; larger ones are mappings of their own and go back to the kernel. Eight bytes before a block say what it is. What is
// free stays in its class: apus's sizes repeat.

enum { LARGEST_SMALL = 1024, SMALL_CLASSES = LARGEST_SMALL / 16, CLASSES = SMALL_CLASSES + 20, CHUNK = 128 * 1024 };
enum { LARGEST_CLASS = 32 * 1024 };
enum { KIND_CLASS = 0, KIND_MAPPING = 1, KIND_ALIGNED = 2 };

static void *free_blocks[CLASSES];
static char *fresh, *fresh_end;

// The class of a block of `size` bytes with its header, and the class's own size.
static int class_of(size_t size, size_t *class_size) {
  if (size <= LARGEST_SMALL) {
    *class_size = (size + 15) & ~(size_t)15;
    return (int)(*class_size / 16) - 1;
  }
  int shift = 63 - __builtin_clzl(size - 1) - 2;
  size_t quarter = (size_t)1 << shift;
  *class_size = (size + quarter - 1) & ~(quarter - 1);
  // 1024 = 4 << 8: sizes in (1024, 1280] are the first class.
  return SMALL_CLASSES + (shift - 8) * 4 + (int)((*class_size >> shift) - 5);
}

static void *map(size_t size) {
  long result = RAW(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return result < 0 && result > -4096 ? NULL : (void *)result;
}

static uint64_t *header_of(void *block) { return (uint64_t *)block - 1; }

static void *new_block(size_t class_size, int class) {
  // What is left of the old chunk is too small for this class, and untouched.
  if ((size_t)(fresh_end - fresh) < class_size) {
    char *chunk = map(CHUNK);
    if (!chunk) return NULL;
    // Headers lie before multiples of 16.
    fresh = chunk + 8;
    fresh_end = chunk + CHUNK;
  }
  uint64_t *header = (uint64_t *)fresh;
  fresh += class_size;
  *header = (uint64_t)class << 2 | KIND_CLASS;
  return header + 1;
}

void *malloc(size_t size) {
  if (size > (size_t)1 << 46) {
    last_error = ENOMEM;
    return NULL;
  }
  size_t with_header = size + 8 < 24 ? 24 : size + 8;
  void *block;
  if (with_header > LARGEST_CLASS) {
    size_t length = (with_header + 8 + 4095) & ~(size_t)4095;
    char *mapping = map(length);
    block = mapping ? mapping + 16 : NULL;
    if (block) *header_of(block) = (uint64_t)length << 2 | KIND_MAPPING;
  } else {
    size_t class_size;
    int class = class_of(with_header, &class_size);
    block = free_blocks[class];
    if (block) free_blocks[class] = *(void **)block;
    else block = new_block(class_size, class);
  }
  if (!block) last_error = ENOMEM;
  return block;
}

void free(void *block) {
  if (!block) return;
  uint64_t header = *header_of(block);
  switch (header & 3) {
  case KIND_CLASS:
    *(void **)block = free_blocks[header >> 2];
    free_blocks[header >> 2] = block;
    break;
  case KIND_MAPPING: RAW(__NR_munmap, (char *)block - 16, header >> 2); break;
  case KIND_ALIGNED: free((char *)block - (header >> 2)); break;
  default: __builtin_trap();
  }
}

void *calloc(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) {
    last_error = ENOMEM;
    return NULL;
  }
  void *block = malloc(total);
  return block ? memset(block, 0, total) : NULL;
}

int posix_memalign(void **into, size_t alignment, size_t size) {
  char *block = malloc(alignment <= 16 ? size : size + alignment);
  if (!block) return ENOMEM;
  if (alignment > 16 && ((uintptr_t)block & (alignment - 1))) {
    char *aligned = (char *)(((uintptr_t)block + alignment - 1) & ~(uintptr_t)(alignment - 1));
    *header_of(aligned) = (uint64_t)(aligned - block) << 2 | KIND_ALIGNED;
    block = aligned;
  }
  *into = block;
  return 0;
}

// MARK: Bytes

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  char *out = to;
  const char *in = from;
  while (count >= 8) {
    uint64_t word;
    __builtin_memcpy_inline(&word, in, 8);
    __builtin_memcpy_inline(out, &word, 8);
    in += 8;
    out += 8;
    count -= 8;
  }
  while (count--) *out++ = *in++;
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  if ((uintptr_t)to - (uintptr_t)from >= count) return memcpy(to, from, count);
  char *out = (char *)to + count;
  const char *in = (const char *)from + count;
  while (count >= 8) {
    uint64_t word;
    in -= 8;
    out -= 8;
    count -= 8;
    __builtin_memcpy_inline(&word, in, 8);
    __builtin_memcpy_inline(out, &word, 8);
  }
  while (count--) *--out = *--in;
  return to;
}

void *memset(void *to, int value, size_t count) {
  char *out = to;
  uint64_t word = 0x0101010101010101ULL * (uint8_t)value;
  while (count >= 8) {
    __builtin_memcpy_inline(out, &word, 8);
    out += 8;
    count -= 8;
  }
  while (count--) *out++ = (char)value;
  return to;
}

int memcmp(const void *left, const void *right, size_t count) {
  const uint8_t *a = left, *b = right;
  for (; count; count--, a++, b++)
    if (*a != *b) return *a - *b;
  return 0;
}

int strcmp(const char *left, const char *right) {
  while (*left && *left == *right) left++, right++;
  return (unsigned char)*left - (unsigned char)*right;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

// MARK: Numbers and clocks

// Dictionary's capacity asks for it.
double ceil(double value) {
  if (!(value > -4503599627370496.0 && value < 4503599627370496.0)) return value;
  double whole = (double)(int64_t)value;
  return whole < value ? whole + 1 : whole;
}

// Hash seeds: not worth waiting for at boot.
void arc4random_buf(void *into, size_t count) {
  uint8_t *out = into;
  while (count) {
    long got = RAW(__NR_getrandom, out, count, 1 /* GRND_NONBLOCK */);
    if (got <= 0) {
      struct timespec now;
      clock_gettime(CLOCK_MONOTONIC, &now);
      uint64_t mixed = (uint64_t)now.tv_nsec * 0x9E3779B97F4A7C15ULL ^ (uintptr_t)into;
      for (size_t index = 0; index < count; index++) out[index] = (uint8_t)(mixed >> (index % 8 * 8));
      return;
    }
    out += got;
    count -= (size_t)got;
  }
}

int clock_gettime(clockid_t clock, struct timespec *into) { return (int)CALL(__NR_clock_gettime, clock, into); }

// MARK: System calls with errno

ssize_t read(int file, void *into, size_t count) { return CALL(__NR_read, file, into, count); }
ssize_t write(int file, const void *from, size_t count) { return CALL(__NR_write, file, from, count); }
int close(int file) { return (int)CALL(__NR_close, file); }
pid_t getppid(void) { return (pid_t)CALL(__NR_getppid); }
uid_t getuid(void) { return (uid_t)CALL(__NR_getuid); }
gid_t getgid(void) { return (gid_t)CALL(__NR_getgid); }
int isatty(int file) {
  char settings[64];
  return CALL(__NR_ioctl, file, 0x5401 /* TCGETS */, settings) == 0;
}
int nanosleep(const struct timespec *wanted, struct timespec *rest) { return (int)CALL(__NR_nanosleep, wanted, rest); }
int dup2(int from, int to) {
  return from == to ? (int)answer(RAW(__NR_fcntl, from, F_GETFD) < 0 ? -RAW_EBADF : to) : (int)CALL(__NR_dup3, from, to, 0);
}
int rename(const char *from, const char *to) { return (int)CALL(__NR_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); }
ssize_t readlink(const char *restrict path, char *restrict into, size_t count) {
  return CALL(__NR_readlinkat, AT_FDCWD, path, into, count);
}
int fsync(int file) { return (int)CALL(__NR_fsync, file); }
pid_t getpid(void) { return (pid_t)CALL(__NR_getpid); }
uid_t geteuid(void) { return (uid_t)CALL(__NR_geteuid); }
gid_t getegid(void) { return (gid_t)CALL(__NR_getegid); }
mode_t umask(mode_t mask) { return (mode_t)CALL(__NR_umask, mask); }

int open(const char *path, int flags, ...) {
  __builtin_va_list arguments;
  __builtin_va_start(arguments, flags);
  unsigned mode = flags & (O_CREAT | O_TMPFILE) ? __builtin_va_arg(arguments, unsigned) : 0;
  __builtin_va_end(arguments);
  return (int)CALL(__NR_openat, AT_FDCWD, path, flags, mode);
}

int stat(const char *restrict path, struct stat *restrict into) { return (int)CALL(__NR_newfstatat, AT_FDCWD, path, into, 0); }
int lstat(const char *restrict path, struct stat *restrict into) {
  return (int)CALL(__NR_newfstatat, AT_FDCWD, path, into, AT_SYMLINK_NOFOLLOW);
}
int fstat(int file, struct stat *into) { return (int)CALL(__NR_fstat, file, into); }
int mkdir(const char *path, mode_t mode) { return (int)CALL(__NR_mkdirat, AT_FDCWD, path, mode); }
int unlink(const char *path) { return (int)CALL(__NR_unlinkat, AT_FDCWD, path, 0); }
int rmdir(const char *path) { return (int)CALL(__NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR); }
int chmod(const char *path, mode_t mode) { return (int)CALL(__NR_fchmodat, AT_FDCWD, path, mode); }
int fchmod(int file, mode_t mode) { return (int)CALL(__NR_fchmod, file, mode); }
int chown(const char *path, uid_t user, gid_t group) { return (int)CALL(__NR_fchownat, AT_FDCWD, path, user, group, 0); }
int fchown(int file, uid_t user, gid_t group) { return (int)CALL(__NR_fchown, file, user, group); }
int flock(int file, int operation) { return (int)CALL(__NR_flock, file, operation); }

int socket(int domain, int type, int protocol) { return (int)CALL(__NR_socket, domain, type, protocol); }
int bind(int file, const struct sockaddr *address, socklen_t size) { return (int)CALL(__NR_bind, file, address, size); }
int connect(int file, const struct sockaddr *address, socklen_t size) { return (int)CALL(__NR_connect, file, address, size); }
int listen(int file, int backlog) { return (int)CALL(__NR_listen, file, backlog); }
int accept4(int file, struct sockaddr *restrict address, socklen_t *restrict size, int flags) {
  return (int)CALL(__NR_accept4, file, address, size, flags);
}
int setsockopt(int file, int level, int option, const void *value, socklen_t size) {
  return (int)CALL(__NR_setsockopt, file, level, option, value, size);
}
int shutdown(int file, int how) { return (int)CALL(__NR_shutdown, file, how); }
ssize_t send(int file, const void *from, size_t count, int flags) { return CALL(__NR_sendto, file, from, count, flags, 0, 0); }
ssize_t recv(int file, void *into, size_t count, int flags) { return CALL(__NR_recvfrom, file, into, count, flags, 0, 0); }
int getsockopt(int file, int level, int option, void *restrict value, socklen_t *restrict size) {
  return (int)CALL(__NR_getsockopt, file, level, option, value, size);
}

int poll(struct pollfd *files, nfds_t count, int milliseconds) {
  struct __kernel_timespec span = {milliseconds / 1000, (long long)(milliseconds % 1000) * 1000000};
  return (int)CALL(__NR_ppoll, files, count, milliseconds < 0 ? NULL : &span, 0, 8);
}

int sigaction(int signal, const struct sigaction *restrict wanted, struct sigaction *restrict old) {
  struct raw_sigaction set, got;
  if (wanted) {
    set.handler = (void *)wanted->sa_handler;
    set.flags = (unsigned long)wanted->sa_flags;
    set.restorer = 0;
#if defined(__x86_64__)
    set.flags |= 0x04000000;  // SA_RESTORER: this architecture's kernel has no way back of its own
    set.restorer = (void *)apus_restore;
#endif
    __builtin_memcpy_inline(&set.mask, &wanted->sa_mask, 8);
  }
  long result = CALL(__NR_rt_sigaction, signal, wanted ? &set : 0, old ? &got : 0, 8);
  if (result >= 0 && old) {
    memset(old, 0, sizeof *old);
    old->sa_handler = (void (*)(int))got.handler;
    old->sa_flags = (int)got.flags;
    __builtin_memcpy_inline(&old->sa_mask, &got.mask, 8);
  }
  return (int)result;
}
#endif
