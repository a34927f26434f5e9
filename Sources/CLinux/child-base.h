// What every step of child.c stands on: how it fails, and how it writes. Raw system calls only (see child.c).
#ifndef APUS_CHILD_BASE_H
#define APUS_CHILD_BASE_H
#include "child.h"
#include "raw.h"

enum {
  STAGE_CHDIR = 200, STAGE_NICE = 201, STAGE_FDS = 202, STAGE_EXEC = 203, STAGE_LIMITS = 205, STAGE_STDIN = 208,
  STAGE_STDOUT = 209, STAGE_CHROOT = 210, STAGE_IOPRIO = 211, STAGE_TIMERSLACK = 212, STAGE_SECUREBITS = 213,
  STAGE_SETSCHEDULER = 214, STAGE_CPUAFFINITY = 215, STAGE_GROUP = 216, STAGE_USER = 217, STAGE_CAPABILITIES = 218,
  STAGE_CGROUP = 219, STAGE_SETSID = 220, STAGE_STDERR = 222, STAGE_NO_NEW_PRIVILEGES = 227, STAGE_PERSONALITY = 230,
  STAGE_NOT_EXECUTABLE = 126, STAGE_NOT_FOUND = 127,
};

enum {
  O_RDONLY_ = 0, O_WRONLY_ = 1, O_RDWR_ = 2, O_NOCTTY_ = 0400, O_NONBLOCK_ = 04000, O_CLOEXEC_ = 02000000,
#if defined(__aarch64__)
  O_DIRECTORY_ = 040000, O_NOFOLLOW_ = 0100000,
#else
  O_DIRECTORY_ = 0200000, O_NOFOLLOW_ = 0400000,
#endif
  AT_SYMLINK_NOFOLLOW_ = 0x100,
};

static __attribute__((noreturn)) void leave(int status) {
  for (;;) RAW(__NR_exit_group, status);
}

static long write_all(int descriptor, const void *bytes, long count) {
  const char *next = bytes;
  while (count > 0) {
    long written = RAW(__NR_write, descriptor, next, count);
    if (written == -RAW_EINTR) continue;
    if (written <= 0) return written;
    next += written;
    count -= written;
  }
  return 0;
}

static __attribute__((noreturn)) void fail(const struct apus_plan *plan, int stage, long error, int detail) {
  struct apus_report report;
  report.stage = stage;
  report.error = (int32_t)(error < 0 ? -error : error);
  report.detail = detail;
  if (plan->report >= 0) write_all(plan->report, &report, sizeof report);
  else ((struct apus_plan *)plan)->failure = report;
  leave(stage);
}

// An unfinished open of a FIFO or a terminal is interrupted by nothing that this child handles, but may be.
static long open_path(long folder, const void *path, long flags, long mode) {
  long result;
  do result = RAW(__NR_openat, folder, path, flags | O_CLOEXEC_, mode);
  while (result == -RAW_EINTR);
  return result;
}
#endif
