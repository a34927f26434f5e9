#ifndef CCONTROL_H
#define CCONTROL_H
// System calls of the control socket's address rules and of the client faces, with Swift's eyes: no macros, no errno.
// Each gives what the call gives, or minus errno.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int32_t CONTROL_FOLDER = 1;
static const int32_t CONTROL_SOCKET = 2;
static const int32_t CONTROL_FILE = 3;
static const int32_t CONTROL_OTHER = 4;

// What a path is, its owner and mode; a symlink is itself, hence CONTROL_OTHER, when `follow` is 0.
int32_t control_stat(const char *path, int follow, uint32_t *uid, uint32_t *mode);
// A folder that was opened without following a symlink, and what fstat says of it.
int32_t control_open_folder(const char *path, uint32_t *uid, uint32_t *mode);
int32_t control_mkdir(const char *path, uint32_t mode);
int32_t control_unlink(const char *path);
int32_t control_lock(int fd);
// The folder's group may go through it, and nobody else.
int32_t control_open_to_group(int folder, uint32_t gid);
int32_t control_socket(void);
int32_t control_connect(int fd, const char *path);
// Binds with mode 0600 from the first moment, then listens. With `group` >= 0 that group may connect.
int32_t control_listen(int fd, const char *path, int64_t group);
// The user on the other side of a connected socket.
int64_t control_peer_uid(int fd);
int64_t control_send(int fd, const void *bytes, size_t count);
int64_t control_read(int fd, void *bytes, size_t count);
int64_t control_write(int fd, const void *bytes, size_t count);
// Above 0: readable (or writable); 0: the time is over; a negative timeout waits for ever.
int32_t control_poll(int fd, int for_writing, int32_t timeout_ms);
int32_t control_open_file(const char *path);
int64_t control_clock_us(int realtime);

// Those of errno.h that the callers tell apart.
static const int32_t CONTROL_EINTR = EINTR;
static const int32_t CONTROL_EAGAIN = EAGAIN;
static const int32_t CONTROL_ENOENT = ENOENT;
static const int32_t CONTROL_ECONNREFUSED = ECONNREFUSED;
#endif
