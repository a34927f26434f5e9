// The managed directories (units.md c.9): made, set right and given away by the child as it still is apus's user. A path is
// walked name by name on descriptors, and a link is followed only where nobody but root (or apus's user) could have put it:
// the service may own a folder on the way.
#ifndef APUS_CHILD_DIRECTORIES_H
#define APUS_CHILD_DIRECTORIES_H
#include <asm/stat.h>

#include "child-base.h"

enum {
  // Folders below a managed directory that is given away: deeper ones fail with ENAMETOOLONG.
  TREE_DEPTH_MAX = 256,
  // Of a link that is compared.
  LINK_MAX = 1024,
  KIND_MASK = 0170000, KIND_FOLDER = 0040000, KIND_REGULAR = 0100000, KIND_LINK = 0120000,
};

static long status_at(long folder, const void *name, struct stat *into, long flags) {
  return RAW(__NR_newfstatat, folder, name, into, flags);
}

// The next name of `*path` becomes a string of its own in the plan's memory; answers it and moves on. A zero byte takes the
// place of the slash and is put back by the next step.
static uint8_t *next_name(uint8_t **path) {
  uint8_t *start = *path;
  if (*start == 0) return 0;
  uint8_t *end = start;
  while (*end && *end != '/') end++;
  *path = *end ? end + 1 : end;
  *end = 0;
  return start;
}

static int is_trusted(const struct stat *folder) {
  uint32_t own = (uint32_t)RAW(__NR_geteuid);
  if (folder->st_uid != 0 && folder->st_uid != own) return 0;
  // A folder of all with the sticky bit is still no place for links that are to be believed.
  return (folder->st_mode & 0022) == 0;
}

// Opens a folder below `parent`, making it 0755 if it is not there.
static long step_down(long parent, const uint8_t *name) {
  long made = RAW(__NR_mkdirat, parent, name, 0755);
  long folder = open_path(parent, name, O_RDONLY_ | O_DIRECTORY_ | O_NOFOLLOW_, 0);
  if (folder != -RAW_ELOOP && folder != -RAW_ENOTDIR) return folder < 0 && made < 0 && made != -RAW_EEXIST ? made : folder;
  struct stat status;
  long result = RAW(__NR_fstat, parent, &status);
  if (result < 0) return result;
  if (!is_trusted(&status)) return -RAW_ELOOP;
  return open_path(parent, name, O_RDONLY_ | O_DIRECTORY_, 0);
}

// The folder that holds the last name of an absolute path, and that name. The plan's copy of the path is used up.
static long open_parent(uint8_t *path, uint8_t **last) {
  long folder = open_path(RAW_AT_FDCWD, "/", O_RDONLY_ | O_DIRECTORY_, 0);
  while (*path == '/') path++;
  uint8_t *name = next_name(&path);
  if (!name) return -RAW_EINVAL;
  while (folder >= 0) {
    while (*path == '/') path++;
    uint8_t *next = next_name(&path);
    if (!next) break;
    long below = step_down(folder, name);
    RAW(__NR_close, folder);
    folder = below;
    name = next;
  }
  *last = name;
  return folder;
}

static int is_link_to(long folder, const uint8_t *name, const uint8_t *target) {
  uint8_t found[LINK_MAX];
  long length = RAW(__NR_readlinkat, folder, name, found, sizeof found);
  if (length < 0 || length == (long)sizeof found) return 0;
  for (long index = 0; index < length; index++)
    if (found[index] != target[index]) return 0;
  return target[length] == 0;
}

// A setuid or setgid bit survives, as under systemd; the kernel would take it away.
static long give_file(long folder, const uint8_t *name, const struct apus_directory *directory) {
  struct stat status;
  long result = status_at(folder, name, &status, AT_SYMLINK_NOFOLLOW_);
  if (result < 0) return result;
  if ((status.st_mode & KIND_MASK) != KIND_REGULAR || !(status.st_mode & 06000) || directory->drops_setuid)
    return RAW(__NR_fchownat, folder, name, directory->uid, directory->gid, AT_SYMLINK_NOFOLLOW_);
  long file = open_path(folder, name, O_RDONLY_ | O_NOFOLLOW_ | O_NONBLOCK_ | O_NOCTTY_, 0);
  if (file < 0) return file;
  result = RAW(__NR_fstat, file, &status);
  if (result >= 0) result = RAW(__NR_fchown, file, directory->uid, directory->gid);
  if (result >= 0 && (status.st_mode & KIND_MASK) == KIND_REGULAR) result = RAW(__NR_fchmod, file, status.st_mode & 07777);
  RAW(__NR_close, file);
  return result;
}

// The kernel's struct linux_dirent64.
struct folder_entry {
  uint64_t inode;
  int64_t next;
  uint16_t length;
  uint8_t kind;
  uint8_t name[];
};

// Everything below `top`, then `top` itself, so that an attempt that was cut short is seen and made again. What vanishes
// meanwhile is nobody's business. Links are given away themselves.
static long give_tree(long top, const struct apus_directory *directory) {
  int32_t folders[TREE_DEPTH_MAX];
  int64_t places[TREE_DEPTH_MAX];
  uint64_t buffer[256];
  int depth = 0;
  folders[0] = (int32_t)top;
  long result = 0;
  for (;;) {
    long count = RAW(__NR_getdents64, folders[depth], buffer, sizeof buffer);
    if (count < 0) {
      result = count;
      break;
    }
    if (count == 0) {
      result = RAW(__NR_fchown, folders[depth], directory->uid, directory->gid);
      if (result < 0 || depth == 0) break;
      RAW(__NR_close, folders[depth]);
      depth--;
      RAW(__NR_lseek, folders[depth], places[depth], 0 /* SEEK_SET */);
      continue;
    }
    for (long offset = 0; offset < count;) {
      struct folder_entry *entry = (struct folder_entry *)((uint8_t *)buffer + offset);
      offset += entry->length;
      const uint8_t *name = entry->name;
      if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
      long below = -RAW_ENOTDIR;
      if (entry->kind == 4 /* DT_DIR */ || entry->kind == 0)
        below = open_path(folders[depth], name, O_RDONLY_ | O_DIRECTORY_ | O_NOFOLLOW_ | O_NONBLOCK_, 0);
      if (below >= 0) {
        if (depth + 1 == TREE_DEPTH_MAX) {
          RAW(__NR_close, below);
          result = -RAW_ENAMETOOLONG;
          break;
        }
        places[depth] = entry->next;
        folders[++depth] = (int32_t)below;
        break;
      }
      if (below == -RAW_ENOTDIR || below == -RAW_ELOOP) below = give_file(folders[depth], name, directory);
      if (below < 0 && below != -RAW_ENOENT) {
        result = below;
        break;
      }
    }
    if (result < 0) break;
  }
  while (depth > 0) RAW(__NR_close, folders[depth--]);
  return result;
}

// DynamicUser= keeps its directories below `private/`: a directory moves there from its plain place, or back.
static void move_directory(long parent, const uint8_t *name, const struct apus_directory *directory) {
  if (directory->old_link) {
    if (!is_link_to(parent, name, directory->old_link)) return;
    if (RAW(__NR_unlinkat, parent, name, 0) < 0) return;
  }
  struct stat status;
  if (status_at(parent, name, &status, AT_SYMLINK_NOFOLLOW_) >= 0) return;
  if (status_at(RAW_AT_FDCWD, directory->old, &status, AT_SYMLINK_NOFOLLOW_) < 0) return;
  if ((status.st_mode & KIND_MASK) == KIND_FOLDER) RAW(__NR_renameat2, RAW_AT_FDCWD, directory->old, parent, name, 0);
}

static long make_directory(const struct apus_directory *directory) {
  uint8_t *name = 0;
  long parent = open_parent(directory->path, &name);
  if (parent < 0) return parent;
  if (directory->old) move_directory(parent, name, directory);
  long made = RAW(__NR_mkdirat, parent, name, directory->mode & 0777);
  long folder = open_path(parent, name, O_RDONLY_ | O_DIRECTORY_ | O_NOFOLLOW_, 0);
  RAW(__NR_close, parent);
  if (folder < 0) return made < 0 && made != -RAW_EEXIST ? made : folder;
  struct stat status;
  long result = RAW(__NR_fstat, folder, &status);
  if (result >= 0 && !(directory->keeps_existing && made == -RAW_EEXIST)) {
    int is_given = (!directory->has_uid || status.st_uid == directory->uid) && (!directory->has_gid || status.st_gid == directory->gid);
    if (!is_given) result = give_tree(folder, directory);
    if (result >= 0 && ((status.st_mode ^ directory->mode) & 07777)) result = RAW(__NR_fchmod, folder, directory->mode);
  }
  RAW(__NR_close, folder);
  return result;
}

static long make_link(const struct apus_link *link) {
  uint8_t *name = 0;
  long parent = open_parent(link->path, &name);
  if (parent < 0) return parent;
  long result = RAW(__NR_symlinkat, link->target, parent, name);
  if (result == -RAW_EEXIST && is_link_to(parent, name, link->target)) result = 0;
  RAW(__NR_close, parent);
  return result;
}

// All directories first, then the links to them. The report's detail is the directory's index, or after these the link's.
static void make_directories(const struct apus_plan *plan) {
  for (uint32_t index = 0; index < plan->directory_count; index++) {
    long result = make_directory(&plan->directories[index]);
    if (result < 0) fail(plan, plan->directories[index].stage, result, (int)index);
  }
  for (uint32_t index = 0; index < plan->link_count; index++) {
    long result = make_link(&plan->links[index]);
    if (result < 0) fail(plan, plan->links[index].stage, result, (int)(plan->directory_count + index));
  }
}
#endif
