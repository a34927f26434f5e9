// Capabilities, secure bits and NoNewPrivileges= (units.md c.11): what is refused for want of a capability is left out where
// systemd leaves it out.
#ifndef APUS_CHILD_PRIVILEGES_H
#define APUS_CHILD_PRIVILEGES_H
#include <linux/capability.h>

#include "child-base.h"

enum {
  PRCTL_SET_KEEP_CAPABILITIES = 8, PRCTL_BOUNDING_READ = 23, PRCTL_BOUNDING_DROP = 24, PRCTL_GET_SECURE_BITS = 27,
  PRCTL_SET_SECURE_BITS = 28, PRCTL_NO_NEW_PRIVILEGES = 38, PRCTL_AMBIENT = 47, AMBIENT_RAISE = 2,
};

static long get_capabilities(struct __user_cap_data_struct data[2]) {
  struct __user_cap_header_struct header;
  header.version = _LINUX_CAPABILITY_VERSION_3;
  header.pid = 0;
  return RAW(__NR_capget, &header, data);
}

static long set_capabilities(struct __user_cap_data_struct data[2]) {
  struct __user_cap_header_struct header;
  header.version = _LINUX_CAPABILITY_VERSION_3;
  header.pid = 0;
  return RAW(__NR_capset, &header, data);
}

// Without CAP_SETPCAP nothing can be dropped. As root that is a failure; another user has no use of the set but by setuid
// programs, and such an apus could start no unit that narrows it.
static void drop_bounding_set(const struct apus_plan *plan) {
  if (!plan->has_bounding_set) return;
  for (long capability = 0; capability < 64; capability++) {
    if (plan->bounding_set >> capability & 1) continue;
    long present = RAW_PRCTL(PRCTL_BOUNDING_READ, capability);
    if (present < 0) break;
    if (!present) continue;
    long result = RAW_PRCTL(PRCTL_BOUNDING_DROP, capability);
    if (result == -RAW_EPERM && RAW(__NR_geteuid) != 0) return;
    if (result < 0) fail(plan, STAGE_CAPABILITIES, result, (int)capability);
  }
}

// The ambient set needs its members in the inheritable one, of which the permitted are had.
static void prepare_ambient_set(const struct apus_plan *plan) {
  struct __user_cap_data_struct data[2];
  if (!plan->ambient_set || get_capabilities(data) < 0) return;
  for (int half = 0; half < 2; half++) data[half].inheritable |= (uint32_t)(plan->ambient_set >> 32 * half) & data[half].permitted;
  long result = set_capabilities(data);
  if (result < 0) fail(plan, STAGE_CAPABILITIES, result, -1);
}

// Over the change of the user the permitted set is kept: for the ambient set, and for CAP_SETPCAP, which SecureBits= needs.
static void keep_capabilities(const struct apus_plan *plan) {
  if ((plan->ambient_set || plan->secure_bits) && plan->uid != 0) RAW_PRCTL(PRCTL_SET_KEEP_CAPABILITIES, 1);
}

// After the change of the user, which clears it. What is not permitted is left out.
static void raise_ambient_set(const struct apus_plan *plan) {
  for (long capability = 0; capability < 64; capability++) {
    if (!(plan->ambient_set >> capability & 1)) continue;
    long result = RAW_PRCTL(PRCTL_AMBIENT, AMBIENT_RAISE, capability);
    if (result < 0 && result != -RAW_EPERM && result != -RAW_EINVAL) fail(plan, STAGE_CAPABILITIES, result, (int)capability);
  }
}

static void lock_privileges(const struct apus_plan *plan) {
  if (plan->secure_bits && (uint32_t)RAW_PRCTL(PRCTL_GET_SECURE_BITS) != plan->secure_bits) {
    struct __user_cap_data_struct data[2];
    if (get_capabilities(data) >= 0) {
      data[0].effective |= data[0].permitted & 1u << CAP_SETPCAP;
      set_capabilities(data);
    }
    long result = RAW_PRCTL(PRCTL_SET_SECURE_BITS, plan->secure_bits);
    if (result < 0) fail(plan, STAGE_SECUREBITS, result, 0);
  }
  if (!plan->no_new_privileges) return;
  long result = RAW_PRCTL(PRCTL_NO_NEW_PRIVILEGES, 1);
  if (result < 0) fail(plan, STAGE_NO_NEW_PRIVILEGES, result, 0);
}
#endif
