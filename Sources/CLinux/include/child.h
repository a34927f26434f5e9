// The plan of one child: everything it does between clone and exec, laid out flat before. It belongs to the child until
// the read end of `report` has ended, or, where there is none, until `before_exec` is 0; child.c writes to it only where it
// says so.
#ifndef APUS_CHILD_H
#define APUS_CHILD_H
#include <stdint.h>

enum apus_stream_kind {
  APUS_STREAM_KEEP = 0,            // apus's own descriptor of that number
  APUS_STREAM_OPEN = 1,            // open(path, flags, 0666 without umask)
  APUS_STREAM_SAME_AS = 2,         // dup of `descriptor`, 0 or 1
  APUS_STREAM_DESCRIPTOR = 3,      // dup of a passed one
  APUS_STREAM_TERMINAL = 4,        // the plan's terminal, stdin as controlling terminal
  APUS_STREAM_DATA = 5,            // the plan's data, to be read from its begin
};

struct apus_stream {
  int32_t kind;
  int32_t flags;
  int32_t descriptor;
  const uint8_t *path;
};

struct apus_limit {
  uint64_t soft;
  uint64_t hard;
  int32_t resource;
};

// A managed directory (units.md c.9).
struct apus_directory {
  uint8_t *path;                      // written
  const uint8_t *old;                 // where it may be instead, and is moved from; null: nowhere
  const uint8_t *old_link;            // then a link to this is at `path`, which goes first; null: nothing is there
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
  int32_t stage;
  uint8_t has_uid;
  uint8_t has_gid;
  uint8_t keeps_existing;             // one that was there already keeps its owner and mode
  uint8_t drops_setuid;
};

struct apus_link {
  uint8_t *path;                      // written
  const uint8_t *target;
  int32_t stage;
};

enum apus_terminal_mode { APUS_TERMINAL_WAIT = 0, APUS_TERMINAL_FORCE = 1, APUS_TERMINAL_FAIL = 2 };

// What a failing child writes to `report`; nothing written means that execve succeeded.
struct apus_report {
  int32_t stage;
  int32_t error;
  int32_t detail;
};

struct apus_plan {
  const uint8_t *const *candidates;   // each list ends with a null pointer
  const uint8_t *const *arguments;
  const uint8_t *const *environment;
  const uint8_t *folder;              // null: stay
  const uint8_t *oom_score_adjust;    // decimal; null: leave
  const uint8_t *cgroup_procs;        // null: born in its cgroup, or none
  const uint8_t *root;                // to be chrooted into; null: none
  const uint8_t *coredump_filter;     // hexadecimal; null: leave
  const uint8_t *terminal_path;       // null: the plan has no terminal
  const uint8_t *data;                // of APUS_STREAM_DATA
  const uint64_t *affinity;           // bits of CPUs; null: leave
  const struct apus_directory *directories;
  const struct apus_link *links;
  const struct apus_limit *limits;
  const uint32_t *groups;
  const int32_t *kept;                // descriptors from 3 on that COMMAND inherits
  const int32_t *needed;              // everything from 3 on that is used before exec, ascending; the rest is closed at once
  int32_t *passed;                    // written: placed at 3, 4, … for the service; behind them `socket`
  uint8_t *const *pid_strings;        // written: arguments and variables that hold APUS_PID_MARK; ends with a null pointer
  uint64_t data_count;
  uint64_t affinity_size;             // in bytes
  uint64_t bounding_set;              // with has_bounding_set
  uint64_t ambient_set;
  uint64_t timer_slack;               // nanoseconds; 0: leave
  uint64_t tag;                       // for RLIMIT_RTTIME; 0: none
  uint64_t mask;                      // COMMAND: the signal mask apus found
  uint64_t ignored;                   // signals to be ignored, bit n-1 for signal n
  uint64_t changed;                   // those whose disposition in apus is not the default
  struct apus_stream streams[3];
  uint32_t directory_count;
  uint32_t link_count;
  uint32_t limit_count;
  uint32_t group_count;
  uint32_t kept_count;
  uint32_t needed_count;
  uint32_t passed_count;
  uint32_t activated_count;           // of the passed: sockets of a socket unit, whose O_NONBLOCK is set or cleared
  uint32_t umask;
  uint32_t uid;
  uint32_t gid;
  uint32_t secure_bits;
  uint32_t personality;               // with has_personality
  int32_t io_priority;                // class << 13 | priority; -1: leave
  int32_t scheduling_policy;          // -1: leave
  int32_t scheduling_priority;
  int32_t nice;
  int32_t report;                     // written: the write end of the exec-status pipe; -1: `failure` tells, in shared memory
  volatile int32_t before_exec;       // written by the kernel where `report` is -1: 0 from the exec, or the end, on
  struct apus_report failure;         // written, then; stage 0: none
  int32_t executable;                 // written: apus's own executable, for a helper; -1: none
  int32_t socket;                     // only a stream, of a socket unit: it is made to block; -1: none
  int32_t ready;                      // written: the write end of the pipe of ReadyFd=; -1: none
  int32_t ready_target;               // where it goes
  int32_t terminal;                   // COMMAND: the descriptor whose foreground it takes; -1: none
  int32_t close_limit;                // where there is no close_range: close below this
  int32_t preset_stage;               // 0: none
  int32_t preset_errno;
  uint16_t terminal_rows;             // 0: leave
  uint16_t terminal_columns;
  uint8_t terminal_mode;
  uint8_t terminal_hangup;
  uint8_t terminal_reset;
  uint8_t terminal_disallocate;
  uint8_t has_bounding_set;
  uint8_t has_personality;
  uint8_t no_new_privileges;
  uint8_t folder_optional;
  uint8_t tag_soft_only;              // a tag of an outer apus sits in the hard limit
  uint8_t has_nice;
  uint8_t has_uid;
  uint8_t has_gid;
  uint8_t has_groups;
  uint8_t inherits;                   // COMMAND
  uint8_t non_blocking;               // O_NONBLOCK of the activated
  uint8_t forked;                     // memory is the child's own
};

// Where the child's own pid goes, in decimal: so many bytes of value 1, which become fewer.
enum { APUS_PID_MARK = 1, APUS_PID_MARK_LENGTH = 10 };

enum apus_spawn_way {
  APUS_SPAWN_CLONE3 = 0,
  APUS_SPAWN_CLONE = 1,
  APUS_SPAWN_FORK = 2,   // no shared memory; the same child code
};

// Makes the child on the stack that ends at `stack_top`; never waits. `cgroup` is a descriptor of a cgroup2 folder or -1
// (clone3 only). Answers the pid or -errno.
int32_t apus_spawn(struct apus_plan *plan, void *stack_top, int32_t way, int32_t cgroup);

// Of a plan without `report` that was spawned: whether the child may still use plan and stack.
int32_t apus_is_before_exec(const struct apus_plan *plan);

// A job for the writer child: apus's own messages to a descriptor that might block. `written` is the child's progress.
struct apus_writing {
  const uint8_t *bytes;
  uint32_t count;
  volatile uint32_t written;
  int32_t descriptor;
  int32_t close_limit;        // as in the plan
  volatile int32_t failure;   // errno of the write that ended it
};

// Makes a child that writes it all out with blocking writes, all signals blocked, and exits 0, or 1 after a failure. By
// APUS_SPAWN_FORK its progress cannot be seen. Answers the pid or -errno.
int32_t apus_spawn_writer(struct apus_writing *writing, void *stack_top, int32_t way);
#endif
