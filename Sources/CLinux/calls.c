#include "calls.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "raw.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

#define RETRY(expression) ({ long result_; do result_ = (expression); while (result_ == -RAW_EINTR); result_; })

// MARK: Clocks (the C library's: they need no system call)

int64_t apus_monotonic(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t apus_realtime(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// MARK: Waiting

int32_t apus_epoll_create(void) { return (int32_t)RAW(__NR_epoll_create1, EPOLL_CLOEXEC); }

static int32_t epoll_control(int32_t epoll, int operation, int32_t descriptor, uint32_t events, uint64_t data) {
  struct epoll_event event;
  event.events = events;
  event.data.u64 = data;
  return (int32_t)RAW(__NR_epoll_ctl, epoll, operation, descriptor, &event);
}

int32_t apus_epoll_add(int32_t epoll, int32_t descriptor, uint32_t events, uint64_t data) {
  return epoll_control(epoll, EPOLL_CTL_ADD, descriptor, events, data);
}
int32_t apus_epoll_change(int32_t epoll, int32_t descriptor, uint32_t events, uint64_t data) {
  return epoll_control(epoll, EPOLL_CTL_MOD, descriptor, events, data);
}
int32_t apus_epoll_remove(int32_t epoll, int32_t descriptor) {
  return epoll_control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int32_t apus_epoll_wait(int32_t epoll, struct apus_ready *ready, int32_t limit, int32_t timeout_ms) {
  struct epoll_event events[64];
  if (limit > 64) limit = 64;
  long count = RAW(__NR_epoll_pwait, epoll, events, limit, timeout_ms, 0, 8);
  for (long index = 0; index < count; index++) {
    ready[index].data = events[index].data.u64;
    ready[index].events = events[index].events;
  }
  return (int32_t)count;
}

int32_t apus_timer_create(void) {
  return (int32_t)RAW(__NR_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

int32_t apus_wall_timer_create(void) {
  return (int32_t)RAW(__NR_timerfd_create, CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

int32_t apus_wall_timer_set(int32_t timer, int64_t microseconds) {
  struct itimerspec value = {{0, 0}, {microseconds / 1000000, microseconds % 1000000 * 1000}};
  return (int32_t)RAW(__NR_timerfd_settime, timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &value, 0);
}

int32_t apus_timer_set(int32_t timer, int64_t instant) {
  struct itimerspec value = {{0, 0}, {instant / 1000000000, instant % 1000000000}};
  return (int32_t)RAW(__NR_timerfd_settime, timer, TFD_TIMER_ABSTIME, &value, 0);
}

int32_t apus_inotify_create(void) { return (int32_t)RAW(__NR_inotify_init1, IN_CLOEXEC | IN_NONBLOCK); }
int32_t apus_inotify_watch(int32_t inotify, const uint8_t *path) {
  return (int32_t)RAW(__NR_inotify_add_watch, inotify, path, IN_MODIFY);
}
int32_t apus_inotify_unwatch(int32_t inotify, int32_t watch) { return (int32_t)RAW(__NR_inotify_rm_watch, inotify, watch); }

// MARK: Signals (raw, because glibc keeps 32 and 33 for itself)

int32_t apus_signal_mask(uint64_t mask, uint64_t *old) {
  return (int32_t)RAW(__NR_rt_sigprocmask, SIG_SETMASK, &mask, old, 8);
}

uint64_t apus_signal_mask_now(void) {
  uint64_t mask = 0;
  RAW(__NR_rt_sigprocmask, SIG_SETMASK, 0, &mask, 8);
  return mask;
}

int32_t apus_disposition(int32_t signal) {
  struct raw_sigaction action;
  long result = RAW(__NR_rt_sigaction, signal, 0, &action, 8);
  if (result < 0) return (int32_t)result;
  return action.handler == 0 ? 0 : action.handler == (void *)1 ? 1 : 2;
}

int32_t apus_set_disposition(int32_t signal, int32_t ignored) {
  struct raw_sigaction action = {(void *)(long)(ignored ? 1 : 0), 0, 0, 0};
  return (int32_t)RAW(__NR_rt_sigaction, signal, &action, 0, 8);
}

int32_t apus_signal_descriptor(uint64_t mask) {
  return (int32_t)RAW(__NR_signalfd4, -1, &mask, 8, SFD_CLOEXEC | SFD_NONBLOCK);
}

int32_t apus_next_signal(int32_t descriptor, struct apus_signal *into) {
  // A read that brings fewer than it could has emptied the descriptor, which needs no second one to say so.
  static struct signalfd_siginfo read[4];
  static unsigned next, count;
  static int is_emptied;
  if (next == count) {
    next = count = 0;
    if (is_emptied) return is_emptied = 0;
    long size = RETRY(RAW(__NR_read, descriptor, read, sizeof read));
    if (size < (long)sizeof *read) return 0;
    count = (unsigned)size / sizeof *read;
    is_emptied = count < sizeof read / sizeof *read;
  }
  const struct signalfd_siginfo *info = &read[next++];
  into->number = (int32_t)info->ssi_signo;
  into->from_kernel = info->ssi_code == SI_KERNEL;
  return 1;
}

int32_t apus_kill(int32_t pid, int32_t signal) {
  return pid == -1 ? -RAW_EINVAL : (int32_t)RAW(__NR_kill, pid, signal);
}
int32_t apus_kill_namespace(int32_t signal) {
  return RAW(__NR_getpid) != 1 ? -RAW_EPERM : (int32_t)RAW(__NR_kill, -1, signal);
}
int32_t apus_pidfd_open(int32_t pid) { return (int32_t)RAW(__NR_pidfd_open, pid, 0); }
int32_t apus_pidfd_signal(int32_t pidfd, int32_t signal) {
  return (int32_t)RAW(__NR_pidfd_send_signal, pidfd, signal, 0, 0);
}

void apus_stop_self(void) {
  uint64_t mask = apus_signal_mask_now();
  RAW(__NR_kill, 0, SIGTSTP);
  // Pending while it is blocked; taken, and apus stopped, as soon as it is not.
  apus_signal_mask(mask & ~(1ULL << (SIGTSTP - 1)), 0);
  apus_signal_mask(mask, 0);
}

void apus_obituary(const uint8_t *text, uint64_t count) {
  uint8_t line[256];
  const char *head = "apus: internal error: ";
  uint64_t length = 0;
  while (*head) line[length++] = (uint8_t)*head++;
  for (uint64_t index = 0; index < count && length < sizeof line - 1; index++) line[length++] = text[index];
  line[length++] = '\n';
  RAW(__NR_write, 2, line, length);
  for (;;) RAW(__NR_exit_group, 70);
}

// Signals of crashes that another process sent: bit n-1 for signal n. The handler sets, apus_next_signal takes.
static volatile uint64_t sent_crashes;
static int32_t crash_bell = -1;
// Whose handler it is: a child has it too until it resets its dispositions.
static int32_t crash_owner;

static void on_crash(int signal, siginfo_t *info, void *context) {
  (void)context;
  if (apus_getpid() != crash_owner) {
    // What reaches a child before that, SIGABRT as KillSignal= say, does to it what it does to anybody.
    apus_set_disposition(signal, 0);
    RAW(__NR_kill, apus_getpid(), signal);
    return;
  }
  // Sent by somebody else, it is a signal as any other: it rings like the signalfd.
  if (info->si_code <= 0 && info->si_pid != crash_owner) {
    __atomic_fetch_or(&sent_crashes, 1ULL << (signal - 1), __ATOMIC_SEQ_CST);
    uint64_t one = 1;
    RAW(__NR_write, crash_bell, &one, 8);
    return;
  }
  const char *name = signal == SIGILL    ? "illegal instruction (a trap)"
                     : signal == SIGSEGV ? "segmentation fault"
                     : signal == SIGBUS  ? "bus error"
                     : signal == SIGFPE  ? "arithmetic fault"
                     : signal == SIGTRAP ? "a trap"
                                         : "abort";
  uint64_t count = 0;
  while (name[count]) count++;
  apus_obituary((const uint8_t *)name, count);
}

uint64_t apus_crash_signals(void) {
  uint64_t set = 0;
  static const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGTRAP};
  for (unsigned index = 0; index < sizeof signals / sizeof *signals; index++) set |= 1ULL << (signals[index] - 1);
  return set;
}

int32_t apus_install_obituary(void) {
  static uint8_t stack[8192] __attribute__((aligned(16)));
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  long result = RAW(__NR_sigaltstack, &alternate, 0);
  if (result < 0) return (int32_t)result;
  crash_owner = apus_getpid();
  crash_bell = (int32_t)RAW(__NR_eventfd2, 0, O_CLOEXEC | O_NONBLOCK);
  struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER};
  for (int signal = 1; signal < 32; signal++)
    if (apus_crash_signals() >> (signal - 1) & 1) sigaction(signal, &action, 0);
  return crash_bell;
}

int32_t apus_take_sent_crash(void) {
  uint64_t count = 1, present = sent_crashes;
  if (!present) return 0;
  int taken = __builtin_ctzll(present);
  __atomic_fetch_and(&sent_crashes, ~(1ULL << taken), __ATOMIC_SEQ_CST);
  // In this order no bell rings for nothing, and none is lost: who comes after the clearing is seen by the last look.
  RAW(__NR_read, crash_bell, &count, 8);
  if (sent_crashes) RAW(__NR_write, crash_bell, &count, 8);
  return taken + 1;
}

// MARK: Children

static int32_t reap(int type, int32_t pid, int options, struct apus_child_end *into) {
  siginfo_t info;
  info.si_pid = 0;
  long result = RETRY(RAW(__NR_waitid, type, pid, &info, options | WEXITED | WNOHANG, 0));
  if (result == -RAW_ECHILD) return -1;
  if (result < 0 || info.si_pid == 0) return 0;
  into->pid = info.si_pid;
  into->code = info.si_code;
  into->status = info.si_status;
  return 1;
}

int32_t apus_reap(struct apus_child_end *into) { return reap(P_ALL, 0, WSTOPPED, into); }

int32_t apus_reap_child(int32_t pid, struct apus_child_end *into) { return reap(P_PID, pid, 0, into); }

void *apus_stack_create(uint64_t size) {
  uint64_t guard = 4096;
  long base = RAW(
    __NR_mmap, 0, size + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (base < 0 && base > -4096) return 0;
  if (RAW(__NR_mprotect, base, guard, PROT_NONE) < 0) {
    RAW(__NR_munmap, base, size + guard);
    return 0;
  }
  return (void *)(base + (long)(size + guard));
}

void apus_stack_destroy(void *top, uint64_t size) { RAW(__NR_munmap, (char *)top - size - 4096, size + 4096); }

int32_t apus_getpid(void) { return (int32_t)RAW(__NR_getpid); }
int32_t apus_getppid(void) { return (int32_t)RAW(__NR_getppid); }
int32_t apus_getpgid(int32_t pid) { return (int32_t)RAW(__NR_getpgid, pid); }
int32_t apus_getsid(int32_t pid) { return (int32_t)RAW(__NR_getsid, pid); }
int32_t apus_setpgid(int32_t pid, int32_t group) { return (int32_t)RAW(__NR_setpgid, pid, group); }
uint32_t apus_getuid(void) { return (uint32_t)RAW(__NR_geteuid); }

int32_t apus_get_limit(int32_t resource, uint64_t *soft, uint64_t *hard) {
  uint64_t pair[2] = {0, 0};
  long result = RAW(__NR_prlimit64, 0, resource, 0, pair);
  *soft = pair[0];
  *hard = pair[1];
  return (int32_t)result;
}

int32_t apus_set_limit(int32_t resource, uint64_t soft, uint64_t hard) {
  uint64_t pair[2] = {soft, hard};
  return (int32_t)RAW(__NR_prlimit64, 0, resource, pair, 0);
}

int32_t apus_set_subreaper(void) { return (int32_t)RAW_PRCTL(PR_SET_CHILD_SUBREAPER, 1); }
int32_t apus_set_dumpable(int32_t dumpable) { return (int32_t)RAW_PRCTL(PR_SET_DUMPABLE, dumpable); }
int32_t apus_set_parent_death_signal(int32_t signal) { return (int32_t)RAW_PRCTL(PR_SET_PDEATHSIG, signal); }

int32_t apus_has_capability(int32_t capability) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
  if (RAW(__NR_capget, &header, data) < 0 || capability < 0 || capability > 63) return 0;
  return (data[capability / 32].effective >> (capability % 32)) & 1;
}

uint32_t apus_umask(uint32_t mask) { return (uint32_t)RAW(__NR_umask, mask); }

int32_t apus_kernel_version(void) {
  struct utsname names;
  if (RAW(__NR_uname, &names) < 0) return 0;
  int32_t parts[2] = {0, 0};
  int part = 0;
  for (const char *next = names.release; *next && part < 2; next++) {
    if (*next >= '0' && *next <= '9') parts[part] = parts[part] * 10 + (*next - '0');
    else part++;
  }
  return parts[0] * 1000 + parts[1];
}
