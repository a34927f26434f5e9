#include "CNotify.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "raw.h"

#define RETRY(expression) ({ long result_; do result_ = (expression); while (result_ == -RAW_EINTR); result_; })

// MARK: sd_notify

int32_t apus_notify_socket(const uint8_t *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  unsigned count = 0;
  while (path[count] && count < sizeof address.sun_path) {
    address.sun_path[count] = (char)path[count];
    count++;
  }
  if (count == 0 || count >= sizeof address.sun_path) return -RAW_EINVAL;
  long socket = RAW(__NR_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return (int32_t)socket;
  int one = 1;
  // Before it has a name: no datagram comes without its sender.
  long result = RAW(__NR_setsockopt, socket, SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  if (result >= 0) result = RAW(__NR_bind, socket, &address, offsetof(struct sockaddr_un, sun_path) + count + 1);
  // Its folder is apus's own: nobody can have put another file there.
  if (result >= 0) result = RAW(__NR_fchmodat, AT_FDCWD, path, 0666);
  if (result >= 0) return (int32_t)socket;
  RAW(__NR_close, socket);
  return (int32_t)result;
}

static void take(struct apus_message *message, int32_t *descriptors, const struct cmsghdr *header) {
  const uint8_t *data = CMSG_DATA(header);
  uint64_t size = header->cmsg_len - (uint64_t)(data - (const uint8_t *)header);
  if (header->cmsg_level != SOL_SOCKET) return;
  if (header->cmsg_type == SCM_CREDENTIALS && size >= sizeof(struct ucred)) {
    const struct ucred *sender = (const struct ucred *)data;
    message->pid = sender->pid;
    message->uid = sender->uid;
    message->has_sender = 1;
  }
  if (header->cmsg_type != SCM_RIGHTS) return;
  const int32_t *given = (const int32_t *)data;
  for (uint64_t index = 0; index < size / sizeof *given; index++) {
    if (message->descriptor_count < APUS_MESSAGE_DESCRIPTORS) {
      descriptors[message->descriptor_count++] = given[index];
    } else {
      RAW(__NR_close, given[index]);
      message->is_truncated = 1;
    }
  }
}

int64_t apus_receive_message(
  int32_t socket, uint8_t *into, uint64_t capacity, int32_t *descriptors, struct apus_message *message) {
  union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(APUS_MESSAGE_DESCRIPTORS * sizeof(int32_t))];
  } control;
  struct iovec vector = {into, capacity};
  struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  message->pid = 0;
  message->uid = 65534;
  message->has_sender = 0;
  message->is_truncated = 0;
  message->descriptor_count = 0;
  long count = RETRY(RAW(__NR_recvmsg, socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (count < 0) return count;
  if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) message->is_truncated = 1;
  uint8_t *next = control.bytes, *end = control.bytes + header.msg_controllen;
  while (next + sizeof(struct cmsghdr) <= end) {
    const struct cmsghdr *item = (const struct cmsghdr *)next;
    if (item->cmsg_len < sizeof *item || item->cmsg_len > (uint64_t)(end - next)) break;
    take(message, descriptors, item);
    next += CMSG_ALIGN(item->cmsg_len);
  }
  return count;
}

int32_t apus_compare_files(int32_t one, int32_t other) {
  long self = RAW(__NR_getpid);
  return (int32_t)RAW(__NR_kcmp, self, self, 0 /* KCMP_FILE */, one, other);
}

// MARK: Files

int32_t apus_open_file_at(int32_t folder, const uint8_t *name) {
  return (int32_t)RETRY(RAW(__NR_openat, folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}
int32_t apus_make_folder_mode(const uint8_t *path, uint32_t mode) {
  return (int32_t)RAW(__NR_mkdirat, AT_FDCWD, path, mode);
}

int32_t apus_status_path(const uint8_t *path, struct apus_status *into) {
  struct stat status;
  long result = RAW(__NR_newfstatat, AT_FDCWD, path, &status, 0);
  if (result < 0) return (int32_t)result;
  into->mode = status.st_mode;
  into->uid = status.st_uid;
  into->gid = status.st_gid;
  into->links = (uint32_t)status.st_nlink;
  into->device = status.st_dev;
  into->inode = status.st_ino;
  into->size = (uint64_t)status.st_size;
  return 0;
}
static int64_t changed(const uint8_t *path, int flags) {
  struct stat status;
  long result = RAW(__NR_newfstatat, AT_FDCWD, path, &status, flags);
  return result < 0 ? result : (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}
int64_t apus_changed_at(const uint8_t *path) { return changed(path, AT_SYMLINK_NOFOLLOW); }
int64_t apus_changed_behind(const uint8_t *path) { return changed(path, 0); }
int32_t apus_is_read_only(const uint8_t *path) {
  struct statfs status;
  long result = RAW(__NR_statfs, path, &status);
  return result < 0 ? (int32_t)result : (status.f_flags & 1 /* ST_RDONLY */) != 0;
}

int64_t apus_mount_of(int32_t folder, const uint8_t *name) {
  struct statx status;
  status.stx_mnt_id = 0;
  long result = RAW(__NR_statx, folder, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0x1000 /* STATX_MNT_ID */, &status);
  if (result < 0) return result;
  return status.stx_mask & 0x1000 ? (int64_t)status.stx_mnt_id : -RAW_ENOSYS;
}

// MARK: Watching paths and processes

int32_t apus_inotify_watch_mask(int32_t inotify, const uint8_t *path, uint32_t mask) {
  return (int32_t)RAW(__NR_inotify_add_watch, inotify, path, mask);
}

int32_t apus_is_child(int32_t pid) {
  siginfo_t info;
  return RAW(__NR_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, 0) >= 0;
}
