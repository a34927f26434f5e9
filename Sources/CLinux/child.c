// The only code between clone and exec. The child shares all memory with apus, which goes on meanwhile: so it makes raw
// system calls only, touches no errno, no thread-local and no global, writes nothing but its own stack and its plan, and
// never returns: it executes or it exits. `nm -u child.o` is empty, which a test checks.
//
// The order is systemd's (units.md c.11).
#include "child-base.h"
#include "child-directories.h"
#include "child-privileges.h"
#include "child-scheduling.h"
#include "child-terminal.h"

// CLONE_CHILD_CLEARTID: the kernel writes 0 there when the child lets go of the shared memory, by its exec or its end.
enum { SHARE_MEMORY = 0x100, CLEAR_WORD = 0x200000 };
#define INTO_CGROUP 0x200000000ULL

// Every disposition that is not the default to it, but those to be ignored. A shared-memory child has its own table.
static void reset_signals(const struct apus_plan *plan) {
  for (int signal = 1; signal <= RAW_SIGNALS; signal++) {
    if (!((plan->changed | plan->ignored) >> (signal - 1) & 1)) continue;
    struct raw_sigaction action;
    action.handler = (void *)(plan->ignored >> (signal - 1) & 1);
    action.flags = 0;
    action.restorer = 0;
    action.mask = 0;
    RAW(__NR_rt_sigaction, signal, &action, 0, 8);
  }
}

// apus's descriptors all close on exec; closing them here already keeps a child that hangs before exec from holding a
// client's connection open.
static void close_others(const struct apus_plan *plan) {
  unsigned first = 3;
  long result = 0;
  for (uint32_t index = 0; index <= plan->needed_count && result >= 0; index++) {
    unsigned end = index < plan->needed_count ? (unsigned)plan->needed[index] : ~0u;
    if (end > first) result = RAW(__NR_close_range, first, end == ~0u ? end : end - 1, 0);
    first = end + 1;
  }
  if (result >= 0) return;
  uint32_t next = 0;
  for (int descriptor = 3; descriptor < plan->close_limit; descriptor++) {
    if (next < plan->needed_count && plan->needed[next] == descriptor) next++;
    else RAW(__NR_close, descriptor);
  }
}

// Out of the way of what is to be placed below `floor`. The old number closes on exec or is written over.
static void lift(struct apus_plan *plan, int32_t *descriptor, int floor) {
  if (*descriptor < 0 || *descriptor >= floor) return;
  long moved = RAW(__NR_fcntl, *descriptor, 1030 /* F_DUPFD_CLOEXEC */, floor);
  if (moved < 0) fail(plan, STAGE_FDS, moved, 0);
  *descriptor = (int32_t)moved;
}

static void set_non_blocking(const struct apus_plan *plan, int descriptor, int non_blocking) {
  long flags = RAW(__NR_fcntl, descriptor, 3 /* F_GETFL */);
  if (flags < 0) fail(plan, STAGE_FDS, flags, descriptor);
  long wanted = non_blocking ? flags | 04000 /* O_NONBLOCK */ : flags & ~04000L;
  if (wanted != flags) RAW(__NR_fcntl, descriptor, 4 /* F_SETFL */, wanted);
}

// The passed ones at 3, 4, … in their order, and the pipe of ReadyFd= at its number, without close-on-exec.
static void place_descriptors(struct apus_plan *plan) {
  if (!plan->passed_count && plan->ready < 0) return;
  int floor = 3 + (int)plan->passed_count;
  if (plan->ready >= 0 && plan->ready_target >= floor) floor = plan->ready_target + 1;
  lift(plan, &plan->report, floor);
  lift(plan, &plan->executable, floor);
  lift(plan, &plan->ready, floor);
  for (uint32_t index = 0; index < plan->passed_count; index++) lift(plan, &plan->passed[index], floor);
  for (uint32_t index = 0; index < plan->passed_count; index++) {
    int number = 3 + (int)index;
    long result = RAW(__NR_dup3, plan->passed[index], number, 0);
    if (result < 0) fail(plan, STAGE_FDS, result, number);
    if (index < plan->activated_count) set_non_blocking(plan, number, plan->non_blocking);
  }
  if (plan->ready < 0) return;
  long result = RAW(__NR_dup3, plan->ready, plan->ready_target, 0);
  if (result < 0) fail(plan, STAGE_FDS, result, plan->ready_target);
}

// StandardInputText=: in memory, and where there is no memfd in a pipe, which takes 64 KiB without a reader.
static long open_data(const struct apus_plan *plan) {
  long file = RAW(__NR_memfd_create, "stdin", 1 /* MFD_CLOEXEC */);
  if (file >= 0) {
    long result = write_all((int)file, plan->data, (long)plan->data_count);
    if (result >= 0) result = RAW(__NR_lseek, file, 0, 0);
    return result < 0 ? result : file;
  }
  if (plan->data_count > 65536) return file;
  int32_t ends[2];
  file = RAW(__NR_pipe2, ends, O_CLOEXEC_ | O_NONBLOCK_);
  if (file < 0) return file;
  long result = write_all(ends[1], plan->data, (long)plan->data_count);
  RAW(__NR_close, ends[1]);
  RAW(__NR_fcntl, ends[0], 4 /* F_SETFL */, 0);
  return result < 0 ? result : ends[0];
}

static long stream_source(const struct apus_plan *plan, int number) {
  const struct apus_stream *stream = &plan->streams[number];
  switch (stream->kind) {
  case APUS_STREAM_OPEN: return open_path(RAW_AT_FDCWD, stream->path, stream->flags, 0666 & ~plan->umask);
  case APUS_STREAM_TERMINAL: return number == 0 ? take_service_terminal(plan) : open_terminal(plan, O_WRONLY_);
  case APUS_STREAM_DATA: return open_data(plan);
  case APUS_STREAM_DESCRIPTOR: return plan->passed[stream->descriptor];
  default: return stream->descriptor;
  }
}

static void open_stream(const struct apus_plan *plan, int number) {
  const struct apus_stream *stream = &plan->streams[number];
  int stage = number == 0 ? STAGE_STDIN : number == 1 ? STAGE_STDOUT : STAGE_STDERR;
  if (stream->kind == APUS_STREAM_KEEP) return;
  long source = stream_source(plan, number);
  if (source < 0) fail(plan, stage, source, 0);
  if (source == number) return;
  long result = RAW(__NR_dup3, source, number, 0);
  if (result < 0) fail(plan, stage, result, 0);
  if (source > 2 && stream->kind != APUS_STREAM_DESCRIPTOR) RAW(__NR_close, source);
}

// The containment tag (DESIGN section 5 b). Where it cannot be set the other witnesses have to do.
static void set_tag(const struct apus_plan *plan) {
  if (!plan->tag) return;
  if (!plan->tag_soft_only && set_limit(RAW_RLIMIT_RTTIME, plan->tag, plan->tag) >= 0) return;
  struct apus_limit present;
  if (get_limit(RAW_RLIMIT_RTTIME, &present) >= 0 && plan->tag < present.hard)
    set_limit(RAW_RLIMIT_RTTIME, plan->tag, present.hard);
}

static void change_groups(const struct apus_plan *plan) {
  if (!plan->has_groups && !plan->has_gid) return;
  uint32_t uid = (uint32_t)RAW(__NR_geteuid), gid = (uint32_t)RAW(__NR_getegid);
  int same = (!plan->has_uid || plan->uid == uid) && (!plan->has_gid || plan->gid == gid);
  if (plan->has_groups) {
    long result = RAW(__NR_setgroups, plan->group_count, plan->groups);
    // Without privilege apus's own user keeps apus's own groups, and another user is what cannot be had.
    if (result < 0 && !(result == -RAW_EPERM && same))
      fail(plan, result == -RAW_EPERM && plan->has_uid && plan->uid != uid ? STAGE_USER : STAGE_GROUP, result, 0);
  }
  if (plan->has_gid) {
    long result = RAW(__NR_setresgid, plan->gid, plan->gid, plan->gid);
    if (result < 0) fail(plan, STAGE_GROUP, result, 1);
  }
}

static void change_root(const struct apus_plan *plan) {
  if (!plan->root) return;
  long result = RAW(__NR_chdir, plan->root);
  if (result >= 0) result = RAW(__NR_chroot, ".");
  if (result >= 0) result = RAW(__NR_chdir, "/");
  if (result < 0) fail(plan, STAGE_CHROOT, result, 0);
}

static void change_user(const struct apus_plan *plan) {
  if (!plan->has_uid) return;
  keep_capabilities(plan);
  long result = RAW(__NR_setresuid, plan->uid, plan->uid, plan->uid);
  if (result < 0) fail(plan, STAGE_USER, result, 0);
}

static void change_folder(const struct apus_plan *plan) {
  if (!plan->folder) return;
  long result = RAW(__NR_chdir, plan->folder);
  if (result < 0 && plan->folder_optional) result = RAW(__NR_chdir, "/");
  if (result < 0) fail(plan, STAGE_CHDIR, result, 0);
}

static void join_cgroup(const struct apus_plan *plan) {
  if (!plan->cgroup_procs) return;
  long file = RAW(__NR_openat, RAW_AT_FDCWD, plan->cgroup_procs, 1 /* O_WRONLY */);
  long result = file < 0 ? file : write_all((int)file, "0", 1);
  if (file >= 0) RAW(__NR_close, file);
  if (result < 0) fail(plan, STAGE_CGROUP, result, 0);
}

// COMMAND: own process group, in the foreground of apus's terminal. All signals are still blocked, SIGTTOU among them,
// so that a background group may do this.
static void take_terminal(const struct apus_plan *plan) {
  RAW(__NR_setpgid, 0, 0);
  if (plan->terminal < 0) return;
  int32_t group = (int32_t)RAW(__NR_getpid);
  RAW(__NR_ioctl, plan->terminal, 0x5410 /* TIOCSPGRP */, &group);
}

static void hand_through(const struct apus_plan *plan) {
  for (uint32_t index = 0; index < plan->kept_count; index++)
    RAW(__NR_fcntl, plan->kept[index], 2 /* F_SETFD */, 0);
}

// LISTEN_PID, WATCHDOG_PID, SYSTEMD_EXEC_PID, and arguments that name them.
static void write_pid(uint8_t *text) {
  volatile uint8_t *out = text;
  const volatile uint8_t *in = text;
  while (*in) {
    int length = 0;
    while (length < APUS_PID_MARK_LENGTH && in[length] == APUS_PID_MARK) length++;
    if (length < APUS_PID_MARK_LENGTH) {
      *out++ = *in++;
      continue;
    }
    in += length;
    char digits[12];
    int count = 0;
    for (unsigned long rest = (unsigned long)RAW(__NR_getpid); rest || !count; rest /= 10)
      digits[count++] = (char)('0' + rest % 10);
    while (count) *out++ = (uint8_t)digits[--count];
  }
  *out = 0;
}

// A name that is not there, or may not be executed, gives way to the next; EACCES is remembered, as execvp does.
static __attribute__((noreturn)) void execute(const struct apus_plan *plan) {
  long error = RAW_ENOENT;
  int detail = 0;
  // A helper; where there is no such call the candidate is /proc/self/exe.
  if (plan->executable >= 0)
    RAW(__NR_execveat, plan->executable, "", plan->arguments, plan->environment, 0x1000 /* AT_EMPTY_PATH */);
  for (int index = 0; plan->candidates[index]; index++) {
    long result = RAW(__NR_execve, plan->candidates[index], plan->arguments, plan->environment);
    int missing = result == -RAW_ENOENT || result == -RAW_ENOTDIR;
    if (!missing || (error == RAW_ENOENT && index == 0)) {
      error = -result;
      detail = index;
    }
    if (!missing && result != -RAW_EACCES) break;
  }
  int stage = STAGE_EXEC;
  if (plan->inherits) stage = error == RAW_ENOENT || error == RAW_ENOTDIR ? STAGE_NOT_FOUND : STAGE_NOT_EXECUTABLE;
  fail(plan, stage, error, detail);
}

static __attribute__((noreturn)) void child(struct apus_plan *plan) {
  reset_signals(plan);
  for (uint8_t *const *next = plan->pid_strings; next && *next; next++) write_pid(*next);
  if (plan->inherits) take_terminal(plan);
  uint64_t mask = plan->inherits ? plan->mask : 0;
  RAW(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &mask, 0, 8);
  if (plan->inherits) {
    hand_through(plan);
  } else {
    close_others(plan);
    long result = RAW(__NR_setsid);
    if (result < 0) fail(plan, STAGE_SETSID, result, 0);
  }
  // What is made before has a mode of its own.
  RAW(__NR_umask, 0);
  if (plan->preset_stage) fail(plan, plan->preset_stage, plan->preset_errno, 0);
  join_cgroup(plan);
  prepare_terminal(plan);
  if (plan->socket >= 0) set_non_blocking(plan, plan->socket, 0);
  for (int number = 0; number < 3; number++) open_stream(plan, number);
  adjust_memory(plan);
  schedule(plan);
  give_terminal(plan);
  make_directories(plan);
  RAW(__NR_umask, plan->umask);
  set_limits(plan);
  set_tag(plan);
  change_groups(plan);
  place_descriptors(plan);
  drop_bounding_set(plan);
  prepare_ambient_set(plan);
  change_root(plan);
  change_user(plan);
  raise_ambient_set(plan);
  change_folder(plan);
  lock_privileges(plan);
  execute(plan);
}

// A writer may hang for long (a stopped terminal): it keeps none of apus's connections open meanwhile.
static __attribute__((noreturn)) void write_out(struct apus_writing *writing) {
  if (RAW(__NR_close_range, 3, ~0u, 0) < 0)
    for (int descriptor = 3; descriptor < writing->close_limit; descriptor++) RAW(__NR_close, descriptor);
  while (writing->written < writing->count) {
    // Whole lines of at most PIPE_BUF: a pipe takes them undivided, and progress shows before the pipe is full.
    const uint8_t *next = writing->bytes + writing->written;
    uint32_t length = writing->count - writing->written;
    if (length > 4096) {
      length = 4096;
      while (length > 1 && next[length - 1] != '\n') length--;
      if (length == 1) length = 4096;
    }
    long result = RAW(__NR_write, writing->descriptor, next, length);
    if (result == -RAW_EINTR) continue;
    if (result <= 0) {
      writing->failure = (int32_t)-result;
      leave(1);
    }
    writing->written += (uint32_t)result;
  }
  leave(0);
}

// The kernel's struct clone_args, version 2 (88 bytes).
struct clone_arguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

// The system call, and in the child `entry(argument)` on its new stack. The parent's stack is not touched by the child.
// `word`: for CLEAR_WORD of clone.
static long start(long number, long a, long b, volatile int32_t *word, void (*entry)(void *), void *argument) {
  long result;
#if defined(__x86_64__)
  register volatile int32_t *r10 __asm__("r10") = word;
  register long r8 __asm__("r8") = 0;
  register void *r12 __asm__("r12") = argument;
  register void (*r13)(void *) __asm__("r13") = entry;
  __asm__ volatile(
    "syscall\n\t"
    "test %%rax, %%rax\n\t"
    "jnz 1f\n\t"
    "xor %%ebp, %%ebp\n\t"
    "and $-16, %%rsp\n\t"
    "mov %%r12, %%rdi\n\t"
    "call *%%r13\n\t"
    "ud2\n"
    "1:"
    : "=a"(result)
    : "a"(number), "D"(a), "S"(b), "d"(0L), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
    : "rcx", "r11", "memory");
#else
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = 0;
  register long x3 __asm__("x3") = 0;
  register volatile int32_t *x4 __asm__("x4") = word;
  register void *x9 __asm__("x9") = argument;
  register void (*x10)(void *) __asm__("x10") = entry;
  __asm__ volatile(
    "svc 0\n\t"
    "cbnz x0, 1f\n\t"
    "mov x29, xzr\n\t"
    "mov x0, x9\n\t"
    "blr x10\n\t"
    "brk 1\n"
    "1:"
    : "+r"(x0)
    : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x9), "r"(x10)
    : "memory");
  result = x0;
#endif
  return result;
}

static void enter_child(void *argument) { child(argument); }
static void enter_writer(void *argument) { write_out(argument); }

int32_t apus_spawn(struct apus_plan *plan, void *stack_top, int32_t way, int32_t cgroup) {
  unsigned long share = way == APUS_SPAWN_FORK ? 0 : SHARE_MEMORY;
  if (plan->report < 0) {
    plan->before_exec = 1;
    share |= CLEAR_WORD;
  }
  if (way != APUS_SPAWN_CLONE3 && cgroup < 0)
    return (int32_t)start(__NR_clone, (long)(share | RAW_SIGCHLD), (long)stack_top, &plan->before_exec, enter_child, plan);
  struct clone_arguments arguments;
  volatile uint64_t *word = (volatile uint64_t *)&arguments;
  for (unsigned index = 0; index < sizeof arguments / sizeof *word; index++) word[index] = 0;
  arguments.flags = share | (cgroup >= 0 ? INTO_CGROUP : 0);
  arguments.exit_signal = RAW_SIGCHLD;
  // clone3 wants the lowest byte and a size; the pool's stacks grow down to their guard page whatever is said here.
  arguments.stack_size = 4096;
  arguments.stack = (uint64_t)(uintptr_t)stack_top - arguments.stack_size;
  arguments.child_tid = (uint64_t)(uintptr_t)&plan->before_exec;
  arguments.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0;
  long size = cgroup >= 0 ? (long)sizeof arguments : 64;
  return (int32_t)start(__NR_clone3, (long)&arguments, size, 0, enter_child, plan);
}

int32_t apus_is_before_exec(const struct apus_plan *plan) { return __atomic_load_n(&plan->before_exec, __ATOMIC_ACQUIRE) != 0; }

int32_t apus_spawn_writer(struct apus_writing *writing, void *stack_top, int32_t way) {
  unsigned long share = way == APUS_SPAWN_FORK ? 0 : SHARE_MEMORY;
  return (int32_t)start(__NR_clone, (long)(share | RAW_SIGCHLD), (long)stack_top, 0, enter_writer, writing);
}
