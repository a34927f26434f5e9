// Sockets and pipes of `apus relay`. A value from 0 on, or -errno; nothing waits but `relay_wait`.
#ifndef APUS_CRELAY_H
#define APUS_CRELAY_H
#include <stdint.h>

#include "calls.h"

// Edges in both directions, the peer's end among them.
enum { RELAY_EDGES = (int32_t)(1u << 31 | 0x2000 | 4 | 1) };

// At most `limit` events; a negative timeout waits for ever.
int32_t relay_wait(int32_t epoll, struct apus_ready *ready, int32_t limit, int32_t timeout_ms);
// 1 for a listening socket, 0 for another one.
int32_t relay_is_listener(int32_t descriptor);
// Whether both are the same file or socket.
int32_t relay_is_same(int32_t left, int32_t right);
int32_t relay_accept(int32_t listener);
// Non-blocking, and with keepalive where there is such a thing.
int32_t relay_prepare(int32_t socket);
// A non-blocking socket that connects (`*state`: 0, or -errno of connect, as -EINPROGRESS). `address` has 16 bytes, an IPv4 one is
// mapped.
int32_t relay_connect(const uint8_t *address, int32_t is_v6, uint16_t port, int32_t is_datagram, int32_t *state);
int32_t relay_connect_path(const uint8_t *path, int32_t *state);
// SO_ERROR as -errno.
int32_t relay_error(int32_t socket);
int64_t relay_splice(int32_t from, int32_t to, uint64_t count);
// The end of what is written.
int32_t relay_end_writing(int32_t socket);
// Closes so that the peer sees a reset, not an end.
void relay_reset(int32_t socket);
#endif
