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

// MARK: Files

int32_t apus_open_file(const uint8_t *path) {
  return (int32_t)RETRY(RAW(__NR_openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}
int32_t apus_open_folder(const uint8_t *path) {
  return (int32_t)RETRY(RAW(__NR_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}
int32_t apus_open_executable(const uint8_t *path) {
  return (int32_t)RETRY(RAW(__NR_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC));
}
int32_t apus_open_for_writing(const uint8_t *path) {
  return (int32_t)RETRY(RAW(__NR_openat, AT_FDCWD, path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

static int32_t kind_of(const struct stat *status) {
  if (S_ISREG(status->st_mode)) return APUS_KIND_REGULAR;
  if (S_ISDIR(status->st_mode)) return APUS_KIND_FOLDER;
  if (S_ISFIFO(status->st_mode)) return APUS_KIND_FIFO;
  if (S_ISSOCK(status->st_mode)) return APUS_KIND_SOCKET;
  if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode)) return APUS_KIND_DEVICE;
  return APUS_KIND_OTHER;
}

int32_t apus_file_kind(int32_t descriptor, uint64_t *size) {
  struct stat status;
  long result = RAW(__NR_fstat, descriptor, &status);
  if (result < 0) return (int32_t)result;
  *size = (uint64_t)status.st_size;
  return kind_of(&status);
}

int32_t apus_path_kind(const uint8_t *path) {
  struct stat status;
  long result = RAW(__NR_newfstatat, AT_FDCWD, path, &status, 0);
  return result < 0 ? (int32_t)result : kind_of(&status);
}

int64_t apus_read(int32_t descriptor, uint8_t *into, uint64_t count) {
  return RETRY(RAW(__NR_read, descriptor, into, count));
}
int64_t apus_write(int32_t descriptor, const uint8_t *from, uint64_t count) {
  return RETRY(RAW(__NR_write, descriptor, from, count));
}
int64_t apus_read_folder(int32_t descriptor, uint8_t *into, uint64_t count) {
  return RETRY(RAW(__NR_getdents64, descriptor, into, count));
}
int64_t apus_read_link(const uint8_t *path, uint8_t *into, uint64_t count) {
  return RAW(__NR_readlinkat, AT_FDCWD, path, into, count);
}
int32_t apus_make_folder(const uint8_t *path) { return (int32_t)RAW(__NR_mkdirat, AT_FDCWD, path, 0755); }
int32_t apus_remove_folder(const uint8_t *path) { return (int32_t)RAW(__NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR); }
int32_t apus_close(int32_t descriptor) { return (int32_t)RAW(__NR_close, descriptor); }

int32_t apus_pipe(int32_t *read_end, int32_t *write_end) {
  int32_t ends[2];
  long result = RAW(__NR_pipe2, ends, O_CLOEXEC | O_NONBLOCK);
  if (result < 0) return (int32_t)result;
  *read_end = ends[0];
  *write_end = ends[1];
  return 0;
}

int32_t apus_ready_pipe(int32_t *read_end, int32_t *write_end) {
  int32_t result = apus_pipe(read_end, write_end);
  if (result == 0) RAW(__NR_fcntl, *write_end, F_SETFL, O_WRONLY);
  return result;
}

int32_t apus_close_socket(int32_t descriptor) {
  RAW(__NR_shutdown, descriptor, SHUT_RDWR);
  return apus_close(descriptor);
}
int32_t apus_try_lock(int32_t descriptor) { return (int32_t)RAW(__NR_flock, descriptor, 2 | 4 /* LOCK_EX | LOCK_NB */); }
int32_t apus_closes_on_exec(int32_t descriptor) {
  long flags = RAW(__NR_fcntl, descriptor, F_GETFD);
  return flags < 0 ? (int32_t)flags : (flags & FD_CLOEXEC) != 0;
}
int32_t apus_set_closes_on_exec(int32_t descriptor) {
  return (int32_t)RAW(__NR_fcntl, descriptor, F_SETFD, FD_CLOEXEC);
}

int32_t apus_open_standard_descriptors(void) {
  for (int32_t number = 0; number < 3; number++) {
    if (RAW(__NR_fcntl, number, F_GETFD) >= 0) continue;
    // The lowest free number is this one, since those below are open.
    long opened = RAW(__NR_openat, AT_FDCWD, "/dev/null", O_RDWR);
    // A root file system may have no /dev: a pipe's ends never block a writer that ignores SIGPIPE.
    if (opened < 0) {
      int32_t ends[2];
      opened = RAW(__NR_pipe2, ends, 0);
      if (opened < 0) return (int32_t)opened;
      if (number != 0) {
        RAW(__NR_dup3, ends[1], number, 0);
      }
      if (ends[0] > 2) RAW(__NR_close, ends[0]);
      if (ends[1] > 2) RAW(__NR_close, ends[1]);
    }
  }
  return 0;
}

int32_t apus_flags_read(void) { return O_RDONLY | O_NOCTTY; }
int32_t apus_flags_read_write(void) { return O_RDWR | O_CREAT | O_NOCTTY; }
int32_t apus_flags_write(void) { return O_WRONLY | O_CREAT | O_NOCTTY; }
int32_t apus_flags_append(void) { return O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY; }
int32_t apus_flags_truncate(void) { return O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY; }

// MARK: Messages and sockets

int64_t apus_write_nowait(int32_t descriptor, const uint8_t *from, uint64_t count) {
  struct iovec vector = {(void *)from, count};
  return RETRY(RAW(__NR_pwritev2, descriptor, &vector, 1, -1, -1, RWF_NOWAIT));
}
int64_t apus_send_nowait(int32_t descriptor, const uint8_t *from, uint64_t count) {
  return RETRY(RAW(__NR_sendto, descriptor, from, count, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0));
}
int64_t apus_receive_nowait(int32_t descriptor, uint8_t *into, uint64_t count) {
  return RETRY(RAW(__NR_recvfrom, descriptor, into, count, MSG_DONTWAIT, 0, 0));
}

int32_t apus_accept(int32_t listener, uint32_t *uid, uint32_t *gid) {
  long socket = RETRY(RAW(__NR_accept4, listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket < 0) return (int32_t)socket;
  struct ucred peer = {0, 65534, 65534};
  socklen_t size = sizeof peer;
  long result = RAW(__NR_getsockopt, socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  // Nobody is privileged whose credentials are not known.
  *uid = result < 0 ? 65534 : peer.uid;
  *gid = result < 0 ? 65534 : peer.gid;
  return (int32_t)socket;
}

int32_t apus_connect_datagram(const uint8_t *name, uint64_t count) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (count == 0 || count >= sizeof address.sun_path) return -RAW_EINVAL;
  for (uint64_t index = 0; index < count; index++) address.sun_path[index] = (char)name[index];
  int abstract = name[0] == '@';
  if (abstract) address.sun_path[0] = 0;
  long socket = RAW(__NR_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return (int32_t)socket;
  long size = (long)(offsetof(struct sockaddr_un, sun_path) + count + (abstract ? 0 : 1));
  long result = RAW(__NR_connect, socket, &address, size);
  if (result < 0) {
    RAW(__NR_close, socket);
    return (int32_t)result;
  }
  return (int32_t)socket;
}

int32_t apus_random(uint64_t *into) { return RAW(__NR_getrandom, into, 8, 1 /* GRND_NONBLOCK */) == 8; }

// MARK: Terminals

int32_t apus_foreground(int32_t terminal) {
  int32_t group = 0;
  long result = RAW(__NR_ioctl, terminal, TIOCGPGRP, &group);
  return result < 0 ? (int32_t)result : group;
}
int32_t apus_set_foreground(int32_t terminal, int32_t group) {
  return (int32_t)RAW(__NR_ioctl, terminal, TIOCSPGRP, &group);
}
int32_t apus_terminal_save(int32_t terminal, uint8_t *into) { return (int32_t)RAW(__NR_ioctl, terminal, TCGETS, into); }
int32_t apus_terminal_restore(int32_t terminal, const uint8_t *from) {
  return (int32_t)RAW(__NR_ioctl, terminal, TCSETS, from);
}
