#include "trees.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "raw.h"

#define RETRY(expression) ({ long result_; do result_ = (expression); while (result_ == -RAW_EINTR); result_; })

int32_t apus_open_place(int32_t folder, const uint8_t *name) {
  return (int32_t)RETRY(RAW(__NR_openat, folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}
int32_t apus_open_folder_at(int32_t folder, const uint8_t *name) {
  return (int32_t)RETRY(RAW(__NR_openat, folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The only way to what an O_PATH descriptor stands for is its name in /proc.
static void proc_name(int32_t descriptor, char *into) {
  const char *prefix = "/proc/self/fd/";
  while (*prefix) *into++ = *prefix++;
  char digits[12];
  int count = 0;
  for (uint32_t rest = (uint32_t)descriptor; rest || !count; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  while (count) *into++ = digits[--count];
  *into = 0;
}

int32_t apus_reopen_for_writing(int32_t place, int32_t flags) {
  char name[32];
  proc_name(place, name);
  int more = (flags & 1 ? O_TRUNC : 0) | (flags & 2 ? O_APPEND : 0);
  return (int32_t)RETRY(RAW(__NR_openat, AT_FDCWD, name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | more));
}
int32_t apus_make_file_at(int32_t folder, const uint8_t *name, uint32_t mode) {
  return (int32_t)RETRY(RAW(__NR_openat, folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, mode));
}

static int32_t fill(long result, const struct stat *from, struct apus_status *into) {
  if (result < 0) return (int32_t)result;
  into->mode = from->st_mode;
  into->uid = from->st_uid;
  into->gid = from->st_gid;
  into->links = (uint32_t)from->st_nlink;
  into->device = from->st_dev;
  into->inode = from->st_ino;
  into->size = (uint64_t)from->st_size;
  return 0;
}
int32_t apus_status_of(int32_t descriptor, struct apus_status *into) {
  struct stat status;
  return fill(RAW(__NR_newfstatat, descriptor, "", &status, AT_EMPTY_PATH), &status, into);
}
int32_t apus_status_at(int32_t folder, const uint8_t *name, struct apus_status *into) {
  struct stat status;
  return fill(RAW(__NR_newfstatat, folder, name, &status, AT_SYMLINK_NOFOLLOW), &status, into);
}

int32_t apus_make_folder_at(int32_t folder, const uint8_t *name, uint32_t mode) {
  return (int32_t)RAW(__NR_mkdirat, folder, name, mode);
}
int32_t apus_make_link_at(const uint8_t *target, int32_t folder, const uint8_t *name) {
  return (int32_t)RAW(__NR_symlinkat, target, folder, name);
}
int32_t apus_make_fifo_at(int32_t folder, const uint8_t *name, uint32_t mode) {
  return (int32_t)RAW(__NR_mknodat, folder, name, S_IFIFO | mode, 0);
}
int32_t apus_remove_at(int32_t folder, const uint8_t *name, int32_t is_folder) {
  return (int32_t)RAW(__NR_unlinkat, folder, name, is_folder ? AT_REMOVEDIR : 0);
}
int32_t apus_rename_at(int32_t folder, const uint8_t *from, const uint8_t *to) {
  return (int32_t)RAW(__NR_renameat2, folder, from, folder, to, 0);
}
int64_t apus_read_link_of(int32_t place, uint8_t *into, uint64_t count) {
  return RAW(__NR_readlinkat, place, "", into, count);
}

int32_t apus_change_mode_of(int32_t place, uint32_t mode) {
  char name[32];
  proc_name(place, name);
  return (int32_t)RAW(__NR_fchmodat, AT_FDCWD, name, mode);
}
int32_t apus_change_owner_of(int32_t place, uint32_t uid, uint32_t gid) {
  return (int32_t)RAW(__NR_fchownat, place, "", uid, gid, AT_EMPTY_PATH);
}

int64_t apus_stamp_read(int32_t folder, const uint8_t *name) {
  struct stat status;
  long result = RAW(__NR_newfstatat, folder, name, &status, AT_SYMLINK_NOFOLLOW);
  if (result < 0) return result;
  if (!S_ISREG(status.st_mode)) return -22 /* EINVAL */;
  return (int64_t)status.st_mtim.tv_sec * 1000000 + status.st_mtim.tv_nsec / 1000;
}

int32_t apus_stamp_write(int32_t folder, const uint8_t *name, int64_t microseconds) {
  long file = RAW(__NR_openat, folder, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644);
  if (file < 0) return (int32_t)file;
  struct timespec times[2] = {{microseconds / 1000000, microseconds % 1000000 * 1000}, {0, 0}};
  times[1] = times[0];
  long result = RAW(__NR_utimensat, file, 0, times, 0);
  if (result >= 0) result = RAW(__NR_fsync, file);
  RAW(__NR_close, file);
  if (result >= 0) result = RAW(__NR_fsync, folder);
  return (int32_t)result;
}
