#ifndef CCONTROL_H
#define CCONTROL_H
// System calls of the control socket's address rules and of the client faces, with Swift's eyes: no macros, no errno.
// Each gives what the call gives, or minus errno.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static inline int32_t control_result(int value) { return value < 0 ? -errno : value; }

static const int32_t CONTROL_FOLDER = 1;
static const int32_t CONTROL_SOCKET = 2;
static const int32_t CONTROL_FILE = 3;
static const int32_t CONTROL_OTHER = 4;

// What a path is, its owner and mode; a symlink is itself, hence CONTROL_OTHER, when `follow` is 0.
static inline int32_t control_stat(const char *path, int follow, uint32_t *uid, uint32_t *mode) {
  struct stat found;
  if ((follow ? stat : lstat)(path, &found) < 0) return -errno;
  *uid = found.st_uid;
  *mode = found.st_mode & 07777;
  if (S_ISDIR(found.st_mode)) return CONTROL_FOLDER;
  if (S_ISSOCK(found.st_mode)) return CONTROL_SOCKET;
  if (S_ISREG(found.st_mode)) return CONTROL_FILE;
  return CONTROL_OTHER;
}

// A folder that was opened without following a symlink, and what fstat says of it.
static inline int32_t control_open_folder(const char *path, uint32_t *uid, uint32_t *mode) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -errno;
  struct stat found;
  if (fstat(fd, &found) < 0) {
    int saved = errno;
    close(fd);
    return -saved;
  }
  *uid = found.st_uid;
  *mode = found.st_mode & 07777;
  return fd;
}

static inline int32_t control_mkdir(const char *path, uint32_t mode) { return control_result(mkdir(path, mode)); }
static inline int32_t control_unlink(const char *path) { return control_result(unlink(path)); }
static inline int32_t control_lock(int fd) { return control_result(flock(fd, LOCK_EX | LOCK_NB)); }

// The folder's group may go through it, and nobody else.
static inline int32_t control_open_to_group(int folder, uint32_t gid) {
  if (fchown(folder, (uid_t)-1, gid) < 0) return -errno;
  return control_result(fchmod(folder, 0710));
}

static inline int32_t control_socket(void) {
  return control_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static inline int32_t control_address(const char *path, struct sockaddr_un *address) {
  size_t length = strlen(path);
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (length == 0 || length >= sizeof address->sun_path) return -ENAMETOOLONG;
  memcpy(address->sun_path, path, length);
  return 0;
}

static inline int32_t control_connect(int fd, const char *path) {
  struct sockaddr_un address;
  int32_t made = control_address(path, &address);
  return made < 0 ? made : control_result(connect(fd, (struct sockaddr *)&address, sizeof address));
}

// Binds with mode 0600 from the first moment, then listens. With `group` >= 0 that group may connect.
static inline int32_t control_listen(int fd, const char *path, int64_t group) {
  struct sockaddr_un address;
  int32_t made = control_address(path, &address);
  if (made < 0) return made;
  mode_t before = umask(0177);
  int bound = bind(fd, (struct sockaddr *)&address, sizeof address);
  int saved = errno;
  umask(before);
  if (bound < 0) return -saved;
  if (group >= 0 && (chown(path, (uid_t)-1, (gid_t)group) < 0 || chmod(path, 0660) < 0)) return -errno;
  return control_result(listen(fd, 64));
}

// The user on the other side of a connected socket.
static inline int64_t control_peer_uid(int fd) {
  // struct ucred, which needs _GNU_SOURCE.
  struct {
    int32_t pid;
    uint32_t uid, gid;
  } peer;
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ? -errno : (int64_t)peer.uid;
}

static inline int64_t control_send(int fd, const void *bytes, size_t count) {
  ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
  return sent < 0 ? -errno : sent;
}

static inline int64_t control_read(int fd, void *bytes, size_t count) {
  ssize_t got = read(fd, bytes, count);
  return got < 0 ? -errno : got;
}

static inline int64_t control_write(int fd, const void *bytes, size_t count) {
  ssize_t written = write(fd, bytes, count);
  return written < 0 ? -errno : written;
}

// Above 0: readable (or writable); 0: the time is over; a negative timeout waits for ever.
static inline int32_t control_poll(int fd, int for_writing, int32_t timeout_ms) {
  struct pollfd wanted = {.fd = fd, .events = for_writing ? POLLOUT : POLLIN};
  return control_result(poll(&wanted, 1, timeout_ms));
}

static inline int32_t control_open_file(const char *path) {
  return control_result(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

static inline int64_t control_clock_us(int realtime) {
  struct timespec now;
  clock_gettime(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Those of errno.h that the callers tell apart.
static const int32_t CONTROL_EINTR = EINTR;
static const int32_t CONTROL_EAGAIN = EAGAIN;
static const int32_t CONTROL_ENOENT = ENOENT;
static const int32_t CONTROL_ECONNREFUSED = ECONNREFUSED;
#endif
