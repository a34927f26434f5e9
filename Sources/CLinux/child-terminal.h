// A service's terminal (units.md c.10): made ready as TTYReset= and its kin say, opened, and taken as controlling terminal.
#ifndef APUS_CHILD_TERMINAL_H
#define APUS_CHILD_TERMINAL_H
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include "child-base.h"

enum {
  KEYBOARD_SET_MODE = 0x4B45 /* KDSKBMODE */, KEYBOARD_UNICODE = 3, DISPLAY_SET_MODE = 0x4B3A /* KDSETMODE */,
  CONSOLE_DISALLOCATE = 0x5608 /* VT_DISALLOCATE */,
  // How often opening is tried again after EIO, which a hung-up terminal gives while others still close it; 50 ms apart.
  TERMINAL_TRIES = 20,
};

static long open_terminal(const struct apus_plan *plan, long flags) {
  long result = -RAW_EIO;
  for (int count = 0; count < TERMINAL_TRIES && result == -RAW_EIO; count++) {
    if (count > 0) {
      int64_t pause[2];
      pause[0] = 0;
      pause[1] = 50000000;
      RAW(__NR_nanosleep, pause, 0);
    }
    result = open_path(RAW_AT_FDCWD, plan->terminal_path, flags | O_NOCTTY_, 0);
  }
  return result;
}

// Sane settings, as a getty leaves them.
static void reset_terminal(long terminal) {
  RAW(__NR_ioctl, terminal, TIOCNXCL);
  RAW(__NR_ioctl, terminal, DISPLAY_SET_MODE, 0 /* text */);
  RAW(__NR_ioctl, terminal, KEYBOARD_SET_MODE, KEYBOARD_UNICODE);
  struct termios settings;
  if (RAW(__NR_ioctl, terminal, TCGETS, &settings) < 0) return;
  settings.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | ISTRIP | INLCR | IGNCR | IUCLC);
  settings.c_iflag |= ICRNL | IMAXBEL | IUTF8;
  settings.c_oflag |= ONLCR | OPOST;
  settings.c_cflag |= CREAD;
  settings.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
  settings.c_cc[VINTR] = 3;
  settings.c_cc[VQUIT] = 28;
  settings.c_cc[VERASE] = 127;
  settings.c_cc[VKILL] = 21;
  settings.c_cc[VEOF] = 4;
  settings.c_cc[VSTART] = 17;
  settings.c_cc[VSTOP] = 19;
  settings.c_cc[VSUSP] = 26;
  settings.c_cc[VLNEXT] = 22;
  settings.c_cc[VWERASE] = 23;
  settings.c_cc[VREPRINT] = 18;
  settings.c_cc[VEOL] = 0;
  settings.c_cc[VEOL2] = 0;
  settings.c_cc[VTIME] = 0;
  settings.c_cc[VMIN] = 1;
  RAW(__NR_ioctl, terminal, TCSETS, &settings);
  RAW(__NR_ioctl, terminal, TCFLSH, 2 /* both queues */);
}

static int console_number(const uint8_t *path) {
  const char *prefix = "/dev/tty";
  while (*prefix) {
    if (*path++ != (uint8_t)*prefix++) return 0;
  }
  int number = 0;
  for (; *path >= '0' && *path <= '9' && number < 1000; path++) number = number * 10 + (*path - '0');
  return *path ? 0 : number;
}

// TTYVHangup=, TTYReset=, TTYRows=, TTYColumns=, TTYVTDisallocate=: best effort, as under systemd.
static void prepare_terminal(const struct apus_plan *plan) {
  if (!plan->terminal_path) return;
  if (plan->terminal_hangup) {
    long terminal = open_terminal(plan, O_RDWR_ | O_NONBLOCK_);
    if (terminal >= 0) {
      RAW(__NR_ioctl, terminal, TIOCVHANGUP);
      RAW(__NR_close, terminal);
    }
  }
  if (plan->terminal_reset || plan->terminal_rows || plan->terminal_columns) {
    long terminal = open_terminal(plan, O_RDWR_ | O_NONBLOCK_);
    if (terminal >= 0) {
      if (plan->terminal_reset) reset_terminal(terminal);
      uint16_t size[4];
      if ((plan->terminal_rows || plan->terminal_columns) && RAW(__NR_ioctl, terminal, TIOCGWINSZ, size) >= 0) {
        if (plan->terminal_rows) size[0] = plan->terminal_rows;
        if (plan->terminal_columns) size[1] = plan->terminal_columns;
        RAW(__NR_ioctl, terminal, TIOCSWINSZ, size);
      }
      RAW(__NR_close, terminal);
    }
  }
  int number = plan->terminal_disallocate ? console_number(plan->terminal_path) : 0;
  if (number > 0) {
    long console = open_path(RAW_AT_FDCWD, "/dev/tty0", O_RDWR_ | O_NOCTTY_ | O_NONBLOCK_, 0);
    if (console >= 0) {
      RAW(__NR_ioctl, console, CONSOLE_DISALLOCATE, number);
      RAW(__NR_close, console);
    }
  }
}

// StandardInput=tty: the terminal as controlling terminal. Another session's is waited for (every close of it is told), taken
// away (tty-force, which needs CAP_SYS_ADMIN), or is a failure (tty-fail). Waiting stops nobody but this child.
static long take_service_terminal(const struct apus_plan *plan) {
  long watch = -1;
  if (plan->terminal_mode == APUS_TERMINAL_WAIT) {
    watch = RAW(__NR_inotify_init1, O_CLOEXEC_);
    // Before the first try, so that no close is missed.
    if (watch >= 0) RAW(__NR_inotify_add_watch, watch, plan->terminal_path, 0x18 /* IN_CLOSE */);
  }
  long terminal;
  for (;;) {
    terminal = open_terminal(plan, O_RDWR_);
    if (terminal < 0) break;
    long result = RAW(__NR_ioctl, terminal, TIOCSCTTY, plan->terminal_mode == APUS_TERMINAL_FORCE);
    if (result >= 0) break;
    RAW(__NR_close, terminal);
    terminal = result;
    if (result != -RAW_EPERM || plan->terminal_mode != APUS_TERMINAL_WAIT) break;
    // That close was told too, and whose came with it is not known: after a second it is tried again anyway.
    uint64_t events[64];
    int64_t pause[2];
    struct { int32_t descriptor; int16_t events, found; } wanted;
    if (watch >= 0) RAW(__NR_read, watch, events, sizeof events);
    pause[0] = 1;
    pause[1] = 0;
    wanted.descriptor = (int32_t)watch;
    wanted.events = 1 /* POLLIN */;
    wanted.found = 0;
    RAW(__NR_ppoll, &wanted, 1, pause, 0, 8);
  }
  if (watch >= 0) RAW(__NR_close, watch);
  return terminal;
}

// The terminal becomes the service's user's, as a login would make it.
static void give_terminal(const struct apus_plan *plan) {
  if (plan->streams[0].kind != APUS_STREAM_TERMINAL || !plan->has_uid) return;
  RAW(__NR_fchmod, 0, 0620);
  long result = RAW(__NR_fchown, 0, plan->uid, -1L);
  if (result < 0 && result != -RAW_EPERM && result != -RAW_EROFS) fail(plan, STAGE_STDIN, result, 0);
}
#endif
