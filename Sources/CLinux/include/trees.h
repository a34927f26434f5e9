// Calls relative to a folder's descriptor, for what walks, makes and removes trees without following a link that somebody
// else may have put there. Helpers use them, PID 1 does not. Each answers a value from 0 on, or -errno.
#ifndef APUS_TREES_H
#define APUS_TREES_H
#include <stdint.h>

enum { APUS_AT_CWD = -100 };

struct apus_status {
  uint32_t mode;  // type bits included
  uint32_t uid;
  uint32_t gid;
  uint32_t links;
  uint64_t device;
  uint64_t inode;
  uint64_t size;
};

// O_PATH | O_NOFOLLOW: whatever it is, a link itself included, without opening it.
int32_t apus_open_place(int32_t folder, const uint8_t *name);
// A folder for reading; a link is refused (ENOTDIR or ELOOP).
int32_t apus_open_folder_at(int32_t folder, const uint8_t *name);
// What is behind a descriptor of apus_open_place, opened for writing from offset 0; `flags`: 1 truncates, 2 appends.
int32_t apus_reopen_for_writing(int32_t place, int32_t flags);
// O_CREAT | O_EXCL.
int32_t apus_make_file_at(int32_t folder, const uint8_t *name, uint32_t mode);
int32_t apus_status_of(int32_t descriptor, struct apus_status *into);
int32_t apus_status_at(int32_t folder, const uint8_t *name, struct apus_status *into);
int32_t apus_make_folder_at(int32_t folder, const uint8_t *name, uint32_t mode);
int32_t apus_make_link_at(const uint8_t *target, int32_t folder, const uint8_t *name);
int32_t apus_make_fifo_at(int32_t folder, const uint8_t *name, uint32_t mode);
int32_t apus_remove_at(int32_t folder, const uint8_t *name, int32_t is_folder);
int32_t apus_rename_at(int32_t folder, const uint8_t *from, const uint8_t *to);
// Of a link opened by apus_open_place.
int64_t apus_read_link_of(int32_t place, uint8_t *into, uint64_t count);
// Mode and owner of what a descriptor of apus_open_place stands for; UINT32_MAX leaves an id as it is.
int32_t apus_change_mode_of(int32_t place, uint32_t mode);
int32_t apus_change_owner_of(int32_t place, uint32_t uid, uint32_t gid);
// A stamp's mtime in microseconds since 1970; a link is none (-EINVAL).
int64_t apus_stamp_read(int32_t folder, const uint8_t *name);
// Makes the stamp if need be, sets its mtime, and waits until the disk has it.
int32_t apus_stamp_write(int32_t folder, const uint8_t *name, int64_t microseconds);
#endif
