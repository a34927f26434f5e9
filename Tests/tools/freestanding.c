// What the static release has instead of a C library, beside the C library of this machine.
//   freestanding check SEED OPERATIONS   allocator and copying against shadows; 0 if all is well
//   freestanding measure                 nanoseconds an operation, both in one run
#include <linux/mman.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

// The functions under test by other names, with their insides.
#define APUS_FREESTANDING 1
#define malloc(...) own_malloc(__VA_ARGS__)
#define free(...) own_free(__VA_ARGS__)
#define posix_memalign(...) own_memalign(__VA_ARGS__)
#define memmove(...) own_memmove(__VA_ARGS__)
#define memcpy(...) own_memcpy(__VA_ARGS__)
#define memset(...) own_memset(__VA_ARGS__)
#define strlen(...) own_strlen(__VA_ARGS__)
#include "../../Sources/CLinux/freestanding/allocator.c"
#include "../../Sources/CLinux/freestanding/bytes.c"
#undef malloc
#undef free
#undef posix_memalign
#undef memmove
#undef memcpy
#undef memset
#undef strlen

#define CHECK(condition, ...) \
  do { \
    if (!(condition)) { \
      printf("line %d: " #condition ": ", __LINE__); \
      printf(__VA_ARGS__); \
      putchar('\n'); \
      exit(1); \
    } \
  } while (0)

static uint64_t state;

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

// As a supervisor asks: mostly small, now and then a buffer, rarely a table.
static size_t next_size(void) {
  uint64_t kind = next_random() % 1000;
  if (kind < 700) return next_random() % 200;
  if (kind < 950) return next_random() % 4000;
  if (kind < 995) return next_random() % 40000;
  return next_random() % 600000;
}

// MARK: Invariants of the insides

static unsigned open_count(void) {
  unsigned count = 0, dirty = 0;
  const struct chunk *previous = NULL;
  for (struct chunk *chunk = open_chunks; chunk; previous = chunk, chunk = chunk->next, count++) {
    CHECK(chunk->previous == previous, "the chunks' list");
    CHECK(chunk->free != 0 && !(chunk->free & 1), "an open chunk has free pages, and its first is not one");
    CHECK((chunk->dirty & ~chunk->free) == 0, "only free pages are dirty");
    CHECK(chunk->free != ALL_FREE || chunk == empty_chunk, "one empty chunk is kept");
    dirty += (unsigned)__builtin_popcountll(chunk->dirty);
  }
  CHECK(dirty == dirty_pages && dirty <= DIRTY_LIMIT, "%u dirty pages, counted %u", dirty, dirty_pages);
  return count;
}

static void check_spans(void) {
  for (unsigned class = 0; class < CLASSES; class++) {
    unsigned empty = 0;
    const struct span *previous = NULL;
    for (struct span *span = with_room[class]; span; previous = span, span = span->next) {
      CHECK(span->previous == previous, "the spans' list of class %u", class);
      CHECK(span->class == class && span->size == size_of(class), "a span of another class");
      CHECK(span->used < span->room && span->carved <= span->room, "room");
      unsigned given = 0;
      for (void *block = span->free; block; block = *(void **)block) given++;
      CHECK(span->used + given == span->carved, "class %u: used %u, given back %u, carved %u", class, span->used, given, span->carved);
      if (span->used == 0) empty++;
    }
    CHECK(empty <= 1, "class %u keeps %u empty spans", class, empty);
  }
}

static void check_classes(void) {
  for (size_t size = 0; size <= LARGEST_CLASS; size++) {
    unsigned class = class_of(size);
    CHECK(class < CLASSES && size_of(class) >= size, "size %zu", size);
    CHECK(class == 0 || size_of(class - 1) < size, "size %zu fits a smaller class", size);
    size_t waste = size_of(class) - size;
    CHECK(size == 0 || (size <= 128 ? waste < 16 : waste * 5 < size_of(class)), "size %zu wastes %zu", size, waste);
    CHECK(size_of(class) % 16 == 0, "class %u", class);
  }
}

// MARK: The allocator against a shadow

enum { SLOTS = 3000 };
static struct {
  uint8_t *block;
  size_t size;
  uint64_t pattern;
} slots[SLOTS];
static size_t live_bytes;

static void fill(unsigned slot) {
  for (size_t index = 0; index < slots[slot].size; index++)
    slots[slot].block[index] = (uint8_t)(slots[slot].pattern >> (index % 8 * 8)) ^ (uint8_t)(index >> 3);
}

static void give(unsigned slot) {
  for (size_t index = 0; index < slots[slot].size; index++)
    CHECK(
      slots[slot].block[index] == (uint8_t)((uint8_t)(slots[slot].pattern >> (index % 8 * 8)) ^ (uint8_t)(index >> 3)),
      "byte %zu of %zu was overwritten", index, slots[slot].size);
  own_free(slots[slot].block);
  live_bytes -= slots[slot].size;
  slots[slot].block = NULL;
}

static void take(unsigned slot) {
  size_t size = next_size(), alignment = 16;
  void *block = NULL;
  if (next_random() % 8 == 0) {
    alignment = (size_t)16 << next_random() % 9;
    CHECK(own_memalign(&block, alignment, size) == 0, "%zu bytes at %zu", size, alignment);
  } else {
    block = own_malloc(size);
  }
  CHECK(block && (uintptr_t)block % alignment == 0, "%zu bytes at %zu: %p", size, alignment, block);
  slots[slot].block = block;
  slots[slot].size = size;
  slots[slot].pattern = next_random();
  live_bytes += size;
  fill(slot);
}

static size_t resident(void) {
  unsigned long pages = 0, all = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%lu %lu", &all, &pages) != 2) pages = 0;
  if (file) fclose(file);
  return pages * PAGE;
}

static void check_allocator(unsigned long operations) {
  size_t before = resident(), peak = 0;
  for (unsigned long operation = 0; operation < operations; operation++) {
    // The number of live blocks swells and shrinks, as with services that come and go.
    unsigned range = operation / 20000 % 2 ? SLOTS / 10 : SLOTS;
    unsigned slot = (unsigned)(next_random() % range);
    if (slots[slot].block) give(slot);
    else take(slot);
    if (live_bytes > peak) peak = live_bytes;
    if (operation % 997 == 0) {
      open_count();
      check_spans();
    }
    if (operation % 20000 == 19999)
      for (unsigned other = SLOTS / 10; other < SLOTS; other++)
        if (slots[other].block) give(other);
  }
  for (unsigned slot = 0; slot < SLOTS; slot++)
    if (slots[slot].block) give(slot);
  open_count();
  check_spans();
  // What may stay: an empty page of each small class with its chunk's first, one chunk's first, the dirty ones.
  size_t kept = resident() - before;
  printf("peak %zu KiB live; %zu KiB stay resident when all is free\n", peak / 1024, kept / 1024);
  CHECK(kept <= (2 * CLASSES + DIRTY_LIMIT + 16) * PAGE, "%zu KiB stay resident", kept / 1024);
}

// The same number of live blocks for long: what is resident must not creep.
static void check_creep(void) {
  static void *blocks[20000];
  size_t early = 0;
  for (unsigned round = 0; round < 100; round++) {
    for (unsigned index = 0; index < 20000; index++) {
      unsigned slot = (unsigned)(next_random() % 20000);
      own_free(blocks[slot]);
      blocks[slot] = own_malloc(next_random() % 600);
    }
    open_count();
    if (round == 20) early = resident();
    CHECK(round <= 20 || resident() <= early + early / 10, "%zu KiB resident, earlier %zu", resident() / 1024, early / 1024);
  }
  for (unsigned index = 0; index < 20000; index++) own_free(blocks[index]);
}

static void check_no_memory(void) {
  struct rlimit before, tight;
  getrlimit(RLIMIT_AS, &before);
  tight = before;
  tight.rlim_cur = 64 << 20;
  CHECK(setrlimit(RLIMIT_AS, &tight) == 0, "RLIMIT_AS");
  for (unsigned round = 0; round < 3; round++) {
    void **chain = NULL;
    unsigned long count = 0;
    for (void **block; (block = own_malloc(count % 3 ? 300 : 70000)); count++) {
      *block = chain;
      chain = block;
    }
    CHECK(count > 500 && count < 1000000, "%lu blocks", count);
    CHECK(own_malloc(1 << 20) == NULL, "no memory is a null pointer");
    while (chain) {
      void **next = *chain;
      own_free(chain);
      chain = next;
    }
    void *again = own_malloc(1 << 20);
    CHECK(again, "memory that was given back is there again");
    own_free(again);
  }
  CHECK(own_malloc(SIZE_MAX) == NULL && own_malloc(SIZE_MAX - PAGE) == NULL && own_malloc((size_t)1 << 60) == NULL, "absurd sizes");
  setrlimit(RLIMIT_AS, &before);
}

// MARK: Copying

static void check_copying(void) {
  static uint8_t area[4096], shadow[4096];
  for (size_t count = 0; count < 1300; count += count < 300 ? 1 : 37) {
    for (int shift = -80; shift <= 80; shift += shift > -20 && shift < 20 ? 1 : 7) {
      for (size_t index = 0; index < sizeof area; index++) area[index] = shadow[index] = (uint8_t)next_random();
      CHECK(own_memmove(area + 1000 + shift, area + 1000, count) == area + 1000 + shift, "its answer");
      memmove(shadow + 1000 + shift, shadow + 1000, count);
      CHECK(memcmp(area, shadow, sizeof area) == 0, "%zu bytes by %d", count, shift);
    }
    own_memcpy(area + 2500, area + 3, count);
    memcpy(shadow + 2500, shadow + 3, count);
    own_memset(area + 7, (int)count - 600, count);
    memset(shadow + 7, (int)count - 600, count);
    CHECK(memcmp(area, shadow, sizeof area) == 0, "%zu bytes copied and filled", count);
  }
  CHECK(own_strlen("") == 0 && own_strlen("apus") == 4, "strlen");
}

// MARK: Measuring

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double churn(void *(*allocate)(size_t), void (*release)(void *), size_t small, unsigned long operations) {
  static void *blocks[4096];
  state = 88172645463325252u;
  double start = now();
  for (unsigned long operation = 0; operation < operations; operation++) {
    unsigned slot = (unsigned)(next_random() % 4096);
    release(blocks[slot]);
    blocks[slot] = allocate(small ? 16 + next_random() % small : next_size());
    *(char *)blocks[slot] = 1;
  }
  double each = (now() - start) / (double)operations;
  for (unsigned slot = 0; slot < 4096; slot++) {
    release(blocks[slot]);
    blocks[slot] = NULL;
  }
  return each;
}

static double copying(void *(*copy)(void *, const void *, size_t), size_t count) {
  static uint8_t from[70000], to[70000];
  unsigned long rounds = 4000000 / (count + 100);
  double start = now();
  for (unsigned long round = 0; round < rounds; round++) copy(to + round % 64, from + round % 61, count);
  return (now() - start) / (double)rounds;
}

// The best of many short rounds, in turns: other programs disturb both alike.
#define BEST_OF(rounds, format, one, other) \
  do { \
    double best = 1e9, best_other = 1e9; \
    for (int round = 0; round < rounds; round++) { \
      double time = one, time_other = other; \
      if (time < best) best = time; \
      if (time_other < best_other) best_other = time_other; \
    } \
    printf(format ": %.1f ns, libc %.1f ns\n", best, best_other); \
  } while (0)

static void measure(void) {
  void *(*volatile own_copy)(void *, const void *, size_t) = own_memmove;
  void *(*volatile libc_copy)(void *, const void *, size_t) = memmove;
  BEST_OF(10, "free + malloc of 16 to 400 bytes", churn(own_malloc, own_free, 384, 400000), churn(malloc, free, 384, 400000));
  BEST_OF(10, "free + malloc of 16 to 8000 bytes", churn(own_malloc, own_free, 8000, 200000), churn(malloc, free, 8000, 200000));
  BEST_OF(10, "free + malloc, now and then large", churn(own_malloc, own_free, 0, 100000), churn(malloc, free, 0, 100000));
  BEST_OF(30, "copy of 8 bytes", copying(own_copy, 8), copying(libc_copy, 8));
  BEST_OF(30, "copy of 24 bytes", copying(own_copy, 24), copying(libc_copy, 24));
  BEST_OF(30, "copy of 60 bytes", copying(own_copy, 60), copying(libc_copy, 60));
  BEST_OF(30, "copy of 200 bytes", copying(own_copy, 200), copying(libc_copy, 200));
  BEST_OF(30, "copy of 1000 bytes", copying(own_copy, 1000), copying(libc_copy, 1000));
  BEST_OF(30, "copy of 4000 bytes", copying(own_copy, 4000), copying(libc_copy, 4000));
  BEST_OF(30, "copy of 64000 bytes", copying(own_copy, 64000), copying(libc_copy, 64000));
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "measure") == 0) {
    measure();
    return 0;
  }
  if (argc != 4 || strcmp(argv[1], "check") != 0) {
    fprintf(stderr, "usage: freestanding check SEED OPERATIONS | freestanding measure\n");
    return 64;
  }
  state = strtoull(argv[2], NULL, 10) * 2654435761u + 1;
  check_classes();
  check_copying();
  check_allocator(strtoul(argv[3], NULL, 10));
  check_creep();
  check_no_memory();
  puts("all is well");
  return 0;
}
