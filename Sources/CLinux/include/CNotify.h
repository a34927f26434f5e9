// System calls of sd_notify, PID files and watched processes, in the manner of calls.h: a value from 0 on, or -errno; paths
// end with a zero byte; every descriptor made closes on exec.
#ifndef APUS_CNOTIFY_H
#define APUS_CNOTIFY_H
#include <stdint.h>

#include "trees.h"

// MARK: sd_notify

// A bound, non-blocking datagram socket that everybody may send to, and that tells who sends (SO_PASSCRED).
int32_t apus_notify_socket(const uint8_t *path);

// The kernel passes at most 253 descriptors with one datagram (SCM_MAX_FD); systemd takes 768.
enum { APUS_MESSAGE_DESCRIPTORS = 768 };
struct apus_message {
  int32_t pid;
  uint32_t uid;
  int32_t has_sender;
  // Longer than `capacity`, or with descriptors that could not be taken.
  int32_t is_truncated;
  int32_t descriptor_count;
};
// The length of what was read; never waits. `descriptors` has room for APUS_MESSAGE_DESCRIPTORS.
int64_t apus_receive_message(
  int32_t socket, uint8_t *into, uint64_t capacity, int32_t *descriptors, struct apus_message *message);

// kcmp(2), KCMP_FILE: 0 where both are the same open file of this process; from 1 on, another one.
int32_t apus_compare_files(int32_t one, int32_t other);

// MARK: Files

// O_RDONLY, not following a link in the last part, never waiting.
int32_t apus_open_file_at(int32_t folder, const uint8_t *name);
int32_t apus_make_folder_mode(const uint8_t *path, uint32_t mode);
// Of where the path leads.
int32_t apus_status_path(const uint8_t *path, struct apus_status *into);
// When its contents changed last, in nanoseconds since 1970; links are not followed.
int64_t apus_changed_at(const uint8_t *path);
// The same of where the path leads.
int64_t apus_changed_behind(const uint8_t *path);
// 1 if the file system is mounted read-only.
int32_t apus_is_read_only(const uint8_t *path);
// The mount's number of an O_PATH descriptor's file (`mnt_id` of statx); -ENOSYS before Linux 5.8.
int64_t apus_mount_of(int32_t folder, const uint8_t *name);

// MARK: Watching paths and processes

// The kernel's own bits.
enum {
  APUS_IN_MODIFY = 0x2, APUS_IN_ATTRIB = 0x4, APUS_IN_CLOSE_WRITE = 0x8, APUS_IN_MOVED_FROM = 0x40, APUS_IN_MOVED_TO = 0x80,
  APUS_IN_CREATE = 0x100, APUS_IN_DELETE = 0x200, APUS_IN_DELETE_SELF = 0x400, APUS_IN_MOVE_SELF = 0x800,
  // IN_UNMOUNT | IN_IGNORED
  APUS_IN_GONE = 0xa000,
  APUS_IN_DONT_FOLLOW = 0x2000000,
  // To what is watched of it already.
  APUS_IN_MASK_ADD = 0x20000000,
};
// Answers the watch's number, one for each file.
int32_t apus_inotify_watch_mask(int32_t inotify, const uint8_t *path, uint32_t mask);
// 1: a child that was not reaped, alive or not.
int32_t apus_is_child(int32_t pid);
#endif
