// System calls in one manner: each answers a value from 0 on, or -errno; none touches errno, none waits but where its
// comment says so, and every descriptor made closes on exec. Paths end with a zero byte.
#ifndef APUS_CALLS_H
#define APUS_CALLS_H
#include <stdint.h>

// MARK: Clocks

// Nanoseconds of CLOCK_MONOTONIC, and microseconds of CLOCK_REALTIME.
int64_t apus_monotonic(void);
int64_t apus_realtime(void);

// MARK: Waiting

struct apus_ready {
  uint64_t data;
  uint32_t events;
};
enum { APUS_READABLE = 1, APUS_URGENT = 2, APUS_WRITABLE = 4, APUS_ERROR = 8, APUS_HUNG_UP = 16, APUS_ONCE = 1 << 30 };

int32_t apus_epoll_create(void);
int32_t apus_epoll_add(int32_t epoll, int32_t descriptor, uint32_t events, uint64_t data);
int32_t apus_epoll_change(int32_t epoll, int32_t descriptor, uint32_t events, uint64_t data);
int32_t apus_epoll_remove(int32_t epoll, int32_t descriptor);
// At most 64. Without end if -1 ms.
int32_t apus_epoll_wait(int32_t epoll, struct apus_ready *ready, int32_t limit, int32_t timeout_ms);
int32_t apus_timer_create(void);
// Absolute nanoseconds of CLOCK_MONOTONIC; 0: disarmed.
int32_t apus_timer_set(int32_t timer, int64_t instant);
// On CLOCK_REALTIME; a read gives -ECANCELED after a step of the clock. 0 disarms it.
int32_t apus_wall_timer_create(void);
int32_t apus_wall_timer_set(int32_t timer, int64_t microseconds);
int32_t apus_inotify_create(void);
// IN_MODIFY; answers the watch's number.
int32_t apus_inotify_watch(int32_t inotify, const uint8_t *path);
int32_t apus_inotify_unwatch(int32_t inotify, int32_t watch);

// MARK: Signals

// SIG_SETMASK with the kernel's 64 bits, bit n-1 for signal n; `old` may be null.
int32_t apus_signal_mask(uint64_t mask, uint64_t *old);
uint64_t apus_signal_mask_now(void);
// 0 default, 1 ignored, 2 a handler.
int32_t apus_disposition(int32_t signal);
int32_t apus_set_disposition(int32_t signal, int32_t ignored);
int32_t apus_signal_descriptor(uint64_t mask);
struct apus_signal {
  int32_t number;
  int32_t from_kernel;
};
// 1: one signal was read; 0: none is there.
int32_t apus_next_signal(int32_t descriptor, struct apus_signal *into);
// Refuses -1.
int32_t apus_kill(int32_t pid, int32_t signal);
// The only kill(-1): to everybody else in the PID namespace; refused to all but PID 1.
int32_t apus_kill_namespace(int32_t signal);
int32_t apus_pidfd_open(int32_t pid);
int32_t apus_pidfd_signal(int32_t pidfd, int32_t signal);
// Stops apus as Ctrl-Z would: SIGTSTP with its default action to the own process group, delivered before it returns.
// Waits until SIGCONT.
void apus_stop_self(void);
// The signals of a crash: never blocked, because a blocked one kills without a word.
uint64_t apus_crash_signals(void);
// One line with write(2) and exit 70 when apus crashes, on a stack of its own. Answers a descriptor that becomes readable
// when another process sent such a signal.
int32_t apus_install_obituary(void);
// The number of a crash signal that another process sent; 0: none is left.
int32_t apus_take_sent_crash(void);
// The same line for a broken invariant.
void apus_obituary(const uint8_t *text, uint64_t count);

// MARK: Children

enum { APUS_CHILD_EXITED = 1, APUS_CHILD_KILLED = 2, APUS_CHILD_DUMPED = 3, APUS_CHILD_STOPPED = 5 };
struct apus_child_end {
  int32_t pid;
  int32_t code;
  int32_t status;
};
// 1: one child was collected; 0: all live; -1: there is none.
int32_t apus_reap(struct apus_child_end *into);
// The same of one child, of its end alone.
int32_t apus_reap_child(int32_t pid, struct apus_child_end *into);
// A stack of `size` bytes above a guard page; answers its top, or null.
void *apus_stack_create(uint64_t size);
void apus_stack_destroy(void *top, uint64_t size);
int32_t apus_getpid(void);
int32_t apus_getppid(void);
int32_t apus_getpgid(int32_t pid);
int32_t apus_getsid(int32_t pid);
int32_t apus_setpgid(int32_t pid, int32_t group);
uint32_t apus_getuid(void);
int32_t apus_get_limit(int32_t resource, uint64_t *soft, uint64_t *hard);
int32_t apus_set_limit(int32_t resource, uint64_t soft, uint64_t hard);
int32_t apus_set_subreaper(void);
int32_t apus_set_dumpable(int32_t dumpable);
int32_t apus_set_parent_death_signal(int32_t signal);
// 1 if the effective set has the capability.
int32_t apus_has_capability(int32_t capability);
uint32_t apus_umask(uint32_t mask);
// Major * 1000 + minor of the kernel's release.
int32_t apus_kernel_version(void);

// MARK: Files

// O_RDONLY, never waiting for a FIFO's writer, never making a terminal the controlling one.
int32_t apus_open_file(const uint8_t *path);
int32_t apus_open_folder(const uint8_t *path);
// O_PATH: to be executed, not read.
int32_t apus_open_executable(const uint8_t *path);
int32_t apus_open_for_writing(const uint8_t *path);
enum {
  APUS_KIND_FIFO = 1, APUS_KIND_DEVICE = 2, APUS_KIND_FOLDER = 4, APUS_KIND_REGULAR = 8, APUS_KIND_SOCKET = 12,
  APUS_KIND_OTHER = 0,
};
int32_t apus_file_kind(int32_t descriptor, uint64_t *size);
// The kind of what is at the path (links followed).
int32_t apus_path_kind(const uint8_t *path);
int64_t apus_read(int32_t descriptor, uint8_t *into, uint64_t count);
int64_t apus_write(int32_t descriptor, const uint8_t *from, uint64_t count);
// getdents64.
int64_t apus_read_folder(int32_t descriptor, uint8_t *into, uint64_t count);
int64_t apus_read_link(const uint8_t *path, uint8_t *into, uint64_t count);
int32_t apus_make_folder(const uint8_t *path);
int32_t apus_remove_folder(const uint8_t *path);
int32_t apus_close(int32_t descriptor);
// Shuts both directions first: a child before its exec may still hold a copy.
int32_t apus_close_socket(int32_t descriptor);
// flock(LOCK_EX | LOCK_NB).
int32_t apus_try_lock(int32_t descriptor);
// Both ends O_NONBLOCK.
int32_t apus_pipe(int32_t *read_end, int32_t *write_end);
// Only the read end is O_NONBLOCK.
int32_t apus_ready_pipe(int32_t *read_end, int32_t *write_end);
// F_GETFD: 1 if it closes on exec, 0 if not.
int32_t apus_closes_on_exec(int32_t descriptor);
int32_t apus_set_closes_on_exec(int32_t descriptor);
// /dev/null on each of 0 to 2 that is closed.
int32_t apus_open_standard_descriptors(void);

// O_ flags of the child's streams.
int32_t apus_flags_read(void);
int32_t apus_flags_read_write(void);
int32_t apus_flags_write(void);
int32_t apus_flags_append(void);
int32_t apus_flags_truncate(void);

// MARK: Messages and sockets

// pwritev2(RWF_NOWAIT).
int64_t apus_write_nowait(int32_t descriptor, const uint8_t *from, uint64_t count);
// MSG_DONTWAIT | MSG_NOSIGNAL.
int64_t apus_send_nowait(int32_t descriptor, const uint8_t *from, uint64_t count);
int64_t apus_receive_nowait(int32_t descriptor, uint8_t *into, uint64_t count);
// SO_PEERCRED of the accepted, non-blocking connection.
int32_t apus_accept(int32_t listener, uint32_t *uid, uint32_t *gid);
// A non-blocking datagram socket connected to a path, or with a leading `@` to an abstract name.
int32_t apus_connect_datagram(const uint8_t *name, uint64_t count);
// Not blocking; 0 when the kernel has no randomness yet, or no such call.
int32_t apus_random(uint64_t *into);

// MARK: Memory

// Gives back what the process does not need now: free pages of the allocator, and the pages of its own file, which the
// kernel maps again, from its cache, when they are touched. Nothing where a C library has the allocator.
void apus_trim(void);

// MARK: Terminals

// The foreground group of a descriptor that is apus's controlling terminal; -errno otherwise.
int32_t apus_foreground(int32_t terminal);
int32_t apus_set_foreground(int32_t terminal, int32_t group);
// 64 bytes hold the kernel's struct termios.
int32_t apus_terminal_save(int32_t terminal, uint8_t *into);
int32_t apus_terminal_restore(int32_t terminal, const uint8_t *from);
#endif
