// What the kernel gives a service of itself: memory, CPU and I/O priorities, limits (units.md c.11).
#ifndef APUS_CHILD_SCHEDULING_H
#define APUS_CHILD_SCHEDULING_H
#include "child-base.h"

// prctl's.
enum { DUMPABLE = 4 };

// Failures are nobody's business: systemd ignores EACCES and EPERM, and a container may have /proc read-only.
static void write_own_file(const char *path, const uint8_t *text) {
  if (!text) return;
  long length = 0;
  while (text[length]) length++;
  long file = open_path(RAW_AT_FDCWD, path, O_WRONLY_, 0);
  if (file < 0) return;
  write_all((int)file, text, length);
  RAW(__NR_close, file);
}

// OOMScoreAdjust=, CoredumpFilter=. Both reach everybody who shares the memory, so that such a child is forked.
static void adjust_memory(const struct apus_plan *plan) {
  if (!plan->oom_score_adjust && !plan->coredump_filter) return;
  // A child of a non-dumpable apus owns its /proc files only once it is dumpable; its memory is its own here (`forked`).
  long dumpable = RAW_PRCTL(3 /* PR_GET_DUMPABLE */);
  if (plan->forked && dumpable == 0) RAW_PRCTL(DUMPABLE, 1);
  write_own_file("/proc/self/oom_score_adj", plan->oom_score_adjust);
  write_own_file("/proc/self/coredump_filter", plan->coredump_filter);
  if (plan->forked && dumpable == 0) RAW_PRCTL(DUMPABLE, 0);
}

static long get_limit(int resource, struct apus_limit *into) {
  uint64_t pair[2];
  long result = RAW(__NR_prlimit64, 0, resource, 0, pair);
  into->soft = pair[0];
  into->hard = pair[1];
  return result;
}

static long set_limit(int resource, uint64_t soft, uint64_t hard) {
  uint64_t pair[2];
  pair[0] = soft;
  pair[1] = hard;
  return RAW(__NR_prlimit64, 0, resource, pair, 0);
}

// The closest possible: what is refused is raised only as far as RLIMIT_NICE lets it.
static void set_nice(const struct apus_plan *plan) {
  if (!plan->has_nice) return;
  long result = RAW(__NR_setpriority, 0, 0, plan->nice);
  if (result >= 0) return;
  if (result != -RAW_EACCES && result != -RAW_EPERM) fail(plan, STAGE_NICE, result, 0);
  struct apus_limit limit;
  if (get_limit(RAW_RLIMIT_NICE, &limit) < 0 || limit.soft < 1 || limit.soft > 40) return;
  long lowest = 20 - (long)limit.soft;
  long present = 20 - RAW(__NR_getpriority, 0, 0);
  if (lowest < present) RAW(__NR_setpriority, 0, 0, lowest);
}

// Policy, nice, CPUs, I/O priority, timer slack, personality, in systemd's order. Only nice gives way; the rest fails.
static void schedule(const struct apus_plan *plan) {
  if (plan->scheduling_policy >= 0) {
    int32_t priority = plan->scheduling_priority;
    long result = RAW(__NR_sched_setscheduler, 0, plan->scheduling_policy, &priority);
    if (result < 0) fail(plan, STAGE_SETSCHEDULER, result, 0);
  }
  set_nice(plan);
  if (plan->affinity) {
    long result = RAW(__NR_sched_setaffinity, 0, plan->affinity_size, plan->affinity);
    if (result < 0) fail(plan, STAGE_CPUAFFINITY, result, 0);
  }
  if (plan->io_priority >= 0) {
    long result = RAW(__NR_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, plan->io_priority);
    if (result < 0) fail(plan, STAGE_IOPRIO, result, 0);
  }
  if (plan->timer_slack) {
    long result = RAW_PRCTL(29 /* PR_SET_TIMERSLACK */, plan->timer_slack);
    if (result < 0) fail(plan, STAGE_TIMERSLACK, result, 0);
  }
  if (plan->has_personality) {
    long result = RAW(__NR_personality, plan->personality);
    if (result < 0) fail(plan, STAGE_PERSONALITY, result, 0);
  }
}

// The closest possible: on EPERM both values are clamped to the present hard limit.
static void set_limits(const struct apus_plan *plan) {
  for (uint32_t index = 0; index < plan->limit_count; index++) {
    const struct apus_limit *wanted = &plan->limits[index];
    long result = set_limit(wanted->resource, wanted->soft, wanted->hard);
    if (result == -RAW_EPERM) {
      struct apus_limit present;
      result = get_limit(wanted->resource, &present);
      if (result >= 0) {
        uint64_t hard = wanted->hard < present.hard ? wanted->hard : present.hard;
        result = set_limit(wanted->resource, wanted->soft < hard ? wanted->soft : hard, hard);
      }
    }
    if (result < 0) fail(plan, STAGE_LIMITS, result, (int)index);
  }
}
#endif
