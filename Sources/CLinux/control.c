#include "CControl.h"

#include <errno.h>
#include <linux/time_types.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "raw.h"

static int32_t kind(const struct stat *found, uint32_t *uid, uint32_t *mode) {
  *uid = found->st_uid;
  *mode = found->st_mode & 07777;
  if (S_ISDIR(found->st_mode)) return CONTROL_FOLDER;
  if (S_ISSOCK(found->st_mode)) return CONTROL_SOCKET;
  if (S_ISREG(found->st_mode)) return CONTROL_FILE;
  return CONTROL_OTHER;
}

int32_t control_stat(const char *path, int follow, uint32_t *uid, uint32_t *mode) {
  struct stat found;
  long result = RAW(__NR_newfstatat, AT_FDCWD, path, &found, follow ? 0 : AT_SYMLINK_NOFOLLOW);
  return result < 0 ? (int32_t)result : kind(&found, uid, mode);
}

int32_t control_open_folder(const char *path, uint32_t *uid, uint32_t *mode) {
  long fd = RAW(__NR_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return (int32_t)fd;
  struct stat found;
  long result = RAW(__NR_fstat, fd, &found);
  if (result < 0) {
    RAW(__NR_close, fd);
    return (int32_t)result;
  }
  kind(&found, uid, mode);
  return (int32_t)fd;
}

int32_t control_mkdir(const char *path, uint32_t mode) { return (int32_t)RAW(__NR_mkdirat, AT_FDCWD, path, mode); }
int32_t control_unlink(const char *path) { return (int32_t)RAW(__NR_unlinkat, AT_FDCWD, path, 0); }
int32_t control_lock(int fd) { return (int32_t)RAW(__NR_flock, fd, LOCK_EX | LOCK_NB); }

int32_t control_open_to_group(int folder, uint32_t gid) {
  long result = RAW(__NR_fchown, folder, -1, gid);
  return (int32_t)(result < 0 ? result : RAW(__NR_fchmod, folder, 0710));
}

int32_t control_socket(void) {
  return (int32_t)RAW(__NR_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int32_t fill_address(const char *path, struct sockaddr_un *address) {
  address->sun_family = AF_UNIX;
  size_t length = 0;
  for (; path[length]; length++) {
    if (length >= sizeof address->sun_path - 1) return -ENAMETOOLONG;
    address->sun_path[length] = path[length];
  }
  return length == 0 ? -ENAMETOOLONG : 0;
}

int32_t control_connect(int fd, const char *path) {
  struct sockaddr_un address = {0};
  int32_t made = fill_address(path, &address);
  return made < 0 ? made : (int32_t)RAW(__NR_connect, fd, &address, sizeof address);
}

int32_t control_listen(int fd, const char *path, int64_t group) {
  struct sockaddr_un address = {0};
  int32_t made = fill_address(path, &address);
  if (made < 0) return made;
  long before = RAW(__NR_umask, 0177);
  long result = RAW(__NR_bind, fd, &address, sizeof address);
  RAW(__NR_umask, before);
  if (result >= 0 && group >= 0) {
    result = RAW(__NR_fchownat, AT_FDCWD, path, -1, group, 0);
    if (result >= 0) result = RAW(__NR_fchmodat, AT_FDCWD, path, 0660);
  }
  return (int32_t)(result < 0 ? result : RAW(__NR_listen, fd, 64));
}

int64_t control_peer_uid(int fd) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  long result = RAW(__NR_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return result < 0 ? result : (int64_t)peer.uid;
}

int64_t control_send(int fd, const void *bytes, size_t count) {
  return RAW(__NR_sendto, fd, bytes, count, MSG_NOSIGNAL, 0, 0);
}
int64_t control_read(int fd, void *bytes, size_t count) { return RAW(__NR_read, fd, bytes, count); }
int64_t control_write(int fd, const void *bytes, size_t count) { return RAW(__NR_write, fd, bytes, count); }

int32_t control_poll(int fd, int for_writing, int32_t timeout_ms) {
  struct pollfd wanted = {.fd = fd, .events = for_writing ? POLLOUT : POLLIN};
  struct __kernel_timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000LL};
  return (int32_t)RAW(__NR_ppoll, &wanted, 1, timeout_ms < 0 ? NULL : &timeout, 0, 8);
}

int32_t control_open_file(const char *path) {
  return (int32_t)RAW(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int64_t control_clock_us(int realtime) {
  struct timespec now;
  clock_gettime(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
