// Connections of readiness and health probes, for helpers only. A value from 0 on, or -errno.
#ifndef APUS_CPROBE_H
#define APUS_CPROBE_H
#include <stdint.h>

// A stream connection, waited for at most so long (-110, ETIMEDOUT, after it). `address` has 16 bytes, an IPv4 one is mapped.
int32_t apus_connect_address(const uint8_t *address, int32_t is_v6, uint16_t port, int32_t timeout_ms);
int32_t apus_connect_path(const uint8_t *path, int32_t timeout_ms);
#endif
