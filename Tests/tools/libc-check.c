// Linked with Sources/CLinux's libc.c and calls.c alone (no C library): does it keep what it promises? Exits 0, or with the line that
// failed modulo 256 after writing it.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int32_t apus_kill(int32_t pid, int32_t signal);

static void fail(int line) {
  char digits[8];
  int count = 0;
  for (int rest = line; rest; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  while (count) write(2, &digits[--count], 1);
  write(2, "\n", 1);
  _exit(line % 255 + 1);
}
#define CHECK(condition) do { if (!(condition)) fail(__LINE__); } while (0)

static uint64_t state = 88172645463325252ULL;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

enum { BLOCKS = 2000 };
static unsigned char *blocks[BLOCKS];
static size_t sizes[BLOCKS];

static void check_malloc(void) {
  for (int round = 0; round < 200000; round++) {
    int index = (int)(next() % BLOCKS);
    if (blocks[index]) {
      for (size_t at = 0; at < sizes[index]; at += sizes[index] / 7 + 1) CHECK(blocks[index][at] == (unsigned char)index);
      CHECK(sizes[index] == 0 || blocks[index][sizes[index] - 1] == (unsigned char)index);
      free(blocks[index]);
      blocks[index] = NULL;
      continue;
    }
    size_t size = next() % (round % 50 == 0 ? 400000 : round % 3 ? 200 : 9000);
    if (round % 5 == 0) {
      size_t alignment = (size_t)16 << next() % 9;
      CHECK(posix_memalign((void **)&blocks[index], alignment, size) == 0);
      CHECK(((uintptr_t)blocks[index] & (alignment - 1)) == 0);
    } else {
      blocks[index] = malloc(size);
    }
    CHECK(blocks[index] != NULL && ((uintptr_t)blocks[index] & 15) == 0);
    sizes[index] = size;
    memset(blocks[index], index, size);
  }
  CHECK(malloc((size_t)1 << 60) == NULL && errno == ENOMEM);
  // Every size once: the classes meet without a gap.
  for (size_t size = 0; size < 70000; size += 7) {
    unsigned char *block = malloc(size);
    CHECK(block);
    memset(block, 1, size);
    free(block);
  }
}

static void check_bytes(void) {
  unsigned char a[300], b[300];
  for (size_t count = 0; count < 100; count++) {
    for (int from = 0; from < 20; from++) {
      for (int to = 0; to < 20; to++) {
        for (int index = 0; index < 300; index++) a[index] = b[index] = (unsigned char)(index * 7);
        memmove(a + to, a + from, count);
        for (size_t index = 0; index < 300; index++) {
          unsigned char wanted = index >= (size_t)to && index < to + count ? b[index - (size_t)to + (size_t)from] : b[index];
          CHECK(a[index] == wanted);
        }
      }
    }
  }
  CHECK(memcmp("abc", "abd", 3) < 0 && memcmp("abc", "abd", 2) == 0 && strlen("four") == 4);
  memset(a, 0xAB, 37);
  CHECK(a[0] == 0xAB && a[36] == 0xAB);
}

static volatile int caught;
static void on_signal(int signal) { caught = signal; }

int main(int argc, char **argv) {
  CHECK(argc == 2 && argv[1][0] == 'x' && argv[2] == NULL);
  check_malloc();
  check_bytes();
  CHECK(ceil(1.2) == 2 && ceil(-1.2) == -1 && ceil(3) == 3 && ceil(0) == 0 && ceil(1e300) == 1e300);
  CHECK(open("/nonexistent", O_RDONLY) == -1 && errno == ENOENT);
  struct stat status;
  CHECK(stat("/", &status) == 0 && S_ISDIR(status.st_mode));
  // A handler comes back.
  struct sigaction action = {.sa_handler = on_signal}, old;
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == on_signal);
  struct timespec before, after;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
  CHECK(apus_kill(getpid(), SIGUSR1) == 0 && caught == SIGUSR1);
  CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
  CHECK(after.tv_sec > before.tv_sec || (after.tv_sec == before.tv_sec && after.tv_nsec > before.tv_nsec));
  uint64_t random[2] = {0, 0};
  extern void arc4random_buf(void *, size_t);
  arc4random_buf(random, sizeof random);
  CHECK(random[0] != random[1]);
  return 0;
}
