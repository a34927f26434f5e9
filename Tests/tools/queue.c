/* POSIX message queues, for tests.
 *   queue probe               makes a queue and removes it: status 0 if there are queues
 *   queue send NAME TEXT...   sends a message for each TEXT; never waits
 *   queue show NAME           its limits, what waits, and whose it is; "none" if there is no such queue */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int fail(const char *what) {
  perror(what);
  return 1;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : "/apus-probe";
  if (strcmp(mode, "probe") == 0) {
    mqd_t queue = mq_open(name, O_RDONLY | O_CREAT, 0600, NULL);
    return queue == (mqd_t)-1 || mq_unlink(name) != 0 ? fail(name) : 0;
  }
  if (strcmp(mode, "send") == 0) {
    mqd_t queue = mq_open(name, O_WRONLY | O_NONBLOCK);
    if (queue == (mqd_t)-1) return fail(name);
    for (int i = 3; i < argc; i++) if (mq_send(queue, argv[i], strlen(argv[i]), 0) != 0) return fail(argv[i]);
    return 0;
  }
  if (strcmp(mode, "show") == 0) {
    mqd_t queue = mq_open(name, O_RDONLY);
    struct mq_attr limits;
    struct stat info;
    if (queue == (mqd_t)-1 && errno == ENOENT) return puts("none") < 0;
    if (queue == (mqd_t)-1 || mq_getattr(queue, &limits) != 0 || fstat(queue, &info) != 0) return fail(name);
    printf("max=%ld size=%ld waiting=%ld ", limits.mq_maxmsg, limits.mq_msgsize, limits.mq_curmsgs);
    printf("mode=%o uid=%u gid=%u\n", info.st_mode & 07777, info.st_uid, info.st_gid);
    return 0;
  }
  return 64;
}
