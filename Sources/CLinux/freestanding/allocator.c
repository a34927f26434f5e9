// Memory for a process that lives for months in one thread.
//
// Chunks of 256 KiB, aligned to their size, hold 64 pages; the first describes the others. A span is a run of pages: either
// blocks of one size class (16 bytes to 8 KiB, four classes in each doubling), or one block of its own (up to 128 KiB).
// What is larger is a mapping of its own. So a pointer's low 18 bits cut off lead to what is known of it, and blocks carry
// no header.
//
// Bounds. A block wastes less than 16 bytes up to 128, less than a fifth of itself up to 8 KiB, less than a page up to
// 128 KiB and two above. Of each class at most one span is kept empty, and only if it is one page; of all chunks one. Free
// pages that may be resident are given back when they are more than 32. Taking and giving a block touches a handful of
// words; taking a span walks the chunks that have a free page, 256 KiB a step.
//
// Children between clone and exec never come here. No memory is a null pointer: Swift traps, and the obituary says so.
#if APUS_FREESTANDING
#include <linux/mman.h>
#include <stddef.h>
#include <stdint.h>

#include "../include/calls.h"
#include "../raw.h"

#define PAGE 4096UL
#define CHUNK_PAGES 64
#define CHUNK (PAGE * CHUNK_PAGES)
#define LARGEST_CLASS 8192UL
#define LONGEST_RUN 32
#define CLASSES 32
#define DIRTY_LIMIT 32
// Bit n for page n; page 0 is never free.
#define ALL_FREE (~1ULL)

enum { PROTECTION = 1 | 2 /* PROT_READ | PROT_WRITE */, PRIVATE_ANONYMOUS = 2 | 0x20 };
enum { DONT_NEED = 4, NO_HUGE_PAGE = 15 };

struct span {
  void *free;              // blocks that were given back, each pointing at the next
  struct span *next;       // spans of the class that have room
  struct span *previous;
  uint32_t size;           // of a block; 0: the whole span is one
  uint16_t used;
  uint16_t carved;         // blocks from the front that have ever been handed out: the pages behind are untouched
  uint16_t room;
  uint8_t class;
  uint8_t pages;
};

struct chunk {
  uint64_t large;          // bytes of a mapping with one block; 0: a chunk
  uint64_t free;
  uint64_t dirty;          // free, but may still be resident
  struct chunk *next;      // chunks that have a free page
  struct chunk *previous;
  uint8_t first[CHUNK_PAGES];   // of the span that a page belongs to
  struct span spans[CHUNK_PAGES];
};

_Static_assert(sizeof(struct chunk) <= PAGE, "a chunk's first page describes it");

static struct span *with_room[CLASSES];
static struct chunk *open_chunks;
static struct chunk *empty_chunk;
static unsigned dirty_pages;

// MARK: Size classes

static unsigned class_of(size_t size) {
  if (size <= 128) return size == 0 ? 0 : (unsigned)((size - 1) / 16);
  unsigned doubling = 63 - (unsigned)__builtin_clzll(size - 1);
  return 8 + (doubling - 7) * 4 + ((size - 1) >> (doubling - 2) & 3);
}

static uint32_t size_of(unsigned class) {
  if (class < 8) return (class + 1) * 16;
  return (5 + (class - 8) % 4) << ((class - 8) / 4 + 5);
}

static unsigned pages_of(uint32_t size) { return size <= 512 ? 1 : size <= 2048 ? 4 : 8; }

// MARK: Mappings

// Aligned to a chunk's size.
static void *map(size_t size) {
  long base = RAW(__NR_mmap, 0, size, PROTECTION, PRIVATE_ANONYMOUS, -1, 0);
  if (base < 0 && base > -4096) return NULL;
  if ((base & (CHUNK - 1)) == 0) return (void *)base;
  RAW(__NR_munmap, base, size);
  base = RAW(__NR_mmap, 0, size + CHUNK, PROTECTION, PRIVATE_ANONYMOUS, -1, 0);
  if (base < 0 && base > -4096) return NULL;
  long aligned = (base + (long)CHUNK - 1) & -(long)CHUNK;
  if (aligned > base) RAW(__NR_munmap, base, aligned - base);
  RAW(__NR_munmap, aligned + (long)size, base + (long)CHUNK - aligned);
  return (void *)aligned;
}

static void *take_mapping(size_t size) {
  if (size > (size_t)1 << 46) return NULL;
  size_t whole = (size + 2 * PAGE - 1) & -PAGE;
  struct chunk *chunk = map(whole);
  if (!chunk) return NULL;
  chunk->large = whole;
  return (char *)chunk + PAGE;
}

// MARK: Chunks

static void open_chunk(struct chunk *chunk) {
  chunk->previous = NULL;
  chunk->next = open_chunks;
  if (open_chunks) open_chunks->previous = chunk;
  open_chunks = chunk;
}

static void close_chunk(struct chunk *chunk) {
  if (chunk->previous) chunk->previous->next = chunk->next;
  else open_chunks = chunk->next;
  if (chunk->next) chunk->next->previous = chunk->previous;
}

static struct chunk *make_chunk(void) {
  struct chunk *chunk = map(CHUNK);
  if (!chunk) return NULL;
  // Neighbouring chunks become one mapping, which a huge page would fill with 2 MiB.
  RAW(__NR_madvise, chunk, CHUNK, NO_HUGE_PAGE);
  chunk->free = ALL_FREE;
  open_chunk(chunk);
  return chunk;
}

static void clean_chunks(void) {
  for (struct chunk *chunk = open_chunks; chunk; chunk = chunk->next) {
    while (chunk->dirty) {
      unsigned first = (unsigned)__builtin_ctzll(chunk->dirty);
      // Page 0 is never dirty, so a run ends before the sixty-fourth bit.
      unsigned count = (unsigned)__builtin_ctzll(~(chunk->dirty >> first));
      RAW(__NR_madvise, (char *)chunk + first * PAGE, count * PAGE, DONT_NEED);
      chunk->dirty &= ~(((1ULL << count) - 1) << first);
    }
  }
  dirty_pages = 0;
}

// The first of `count` free pages in a row, or 0.
static unsigned find_run(uint64_t free, unsigned count) {
  for (unsigned have = 1; have < count && free;) {
    unsigned step = have < count - have ? have : count - have;
    free &= free >> step;
    have += step;
  }
  return free ? (unsigned)__builtin_ctzll(free) : 0;
}

static struct span *take_pages(unsigned count) {
  unsigned first = 0;
  struct chunk *chunk = open_chunks;
  while (chunk && !(first = find_run(chunk->free, count))) chunk = chunk->next;
  if (!chunk) {
    chunk = make_chunk();
    if (!chunk) return NULL;
    first = 1;
  }
  if (chunk == empty_chunk) empty_chunk = NULL;
  uint64_t pages = ((1ULL << count) - 1) << first;
  chunk->free &= ~pages;
  dirty_pages -= (unsigned)__builtin_popcountll(chunk->dirty & pages);
  chunk->dirty &= ~pages;
  if (!chunk->free) close_chunk(chunk);
  for (unsigned page = first; page < first + count; page++) chunk->first[page] = (uint8_t)first;
  struct span *span = &chunk->spans[first];
  span->pages = (uint8_t)count;
  span->size = 0;
  return span;
}

static void give_pages(struct chunk *chunk, struct span *span) {
  uint64_t pages = ((1ULL << span->pages) - 1) << (span - chunk->spans);
  if (!chunk->free) open_chunk(chunk);
  chunk->free |= pages;
  chunk->dirty |= pages;
  dirty_pages += span->pages;
  if (chunk->free == ALL_FREE) {
    if (empty_chunk) {
      dirty_pages -= (unsigned)__builtin_popcountll(chunk->dirty);
      close_chunk(chunk);
      RAW(__NR_munmap, chunk, CHUNK);
      return;
    }
    empty_chunk = chunk;
  }
  if (dirty_pages > DIRTY_LIMIT) clean_chunks();
}

// MARK: Spans

static struct chunk *chunk_of(const void *pointer) { return (struct chunk *)((uintptr_t)pointer & -CHUNK); }

static char *start_of(struct span *span) {
  struct chunk *chunk = chunk_of(span);
  return (char *)chunk + (unsigned long)(span - chunk->spans) * PAGE;
}

static void link_span(struct span *span) {
  struct span **head = &with_room[span->class];
  span->previous = NULL;
  span->next = *head;
  if (*head) (*head)->previous = span;
  *head = span;
}

static void unlink_span(struct span *span) {
  if (span->previous) span->previous->next = span->next;
  else with_room[span->class] = span->next;
  if (span->next) span->next->previous = span->previous;
}

static struct span *make_span(unsigned class) {
  uint32_t size = size_of(class);
  unsigned pages = pages_of(size);
  struct span *span = take_pages(pages);
  if (!span) return NULL;
  span->free = NULL;
  span->size = size;
  span->used = span->carved = 0;
  span->room = (uint16_t)(pages * (uint32_t)PAGE / size);
  span->class = (uint8_t)class;
  link_span(span);
  return span;
}

extern const char __executable_start[], etext[];

void apus_trim(void) {
  clean_chunks();
  uintptr_t start = (uintptr_t)__executable_start & -PAGE;
  uintptr_t end = (uintptr_t)etext & -PAGE;
  RAW(__NR_madvise, start, end - start, DONT_NEED);
}

// MARK: The C library's names

void *malloc(size_t size) {
  if (size > LARGEST_CLASS) {
    if (size > LONGEST_RUN * PAGE) return take_mapping(size);
    struct span *run = take_pages((unsigned)((size + PAGE - 1) / PAGE));
    return run ? start_of(run) : NULL;
  }
  unsigned class = class_of(size);
  struct span *span = with_room[class];
  if (!span) {
    span = make_span(class);
    if (!span) return NULL;
  }
  void *block = span->free;
  if (block) span->free = *(void **)block;
  else block = start_of(span) + (size_t)span->carved++ * span->size;
  if (++span->used == span->room) unlink_span(span);
  return block;
}

void free(void *block) {
  if (!block) return;
  struct chunk *chunk = chunk_of(block);
  if (chunk->large) {
    RAW(__NR_munmap, chunk, chunk->large);
    return;
  }
  struct span *span = &chunk->spans[chunk->first[((uintptr_t)block & (CHUNK - 1)) / PAGE]];
  if (span->size == 0) {
    give_pages(chunk, span);
    return;
  }
  *(void **)block = span->free;
  span->free = block;
  if (span->used-- == span->room) link_span(span);
  if (span->used == 0 && (span->pages > 1 || span->next || span->previous)) {
    unlink_span(span);
    give_pages(chunk, span);
  }
}

// Alignments up to a page, which is more than Swift ever asks for: a block whose size is a multiple of a power of two
// starts at one.
int posix_memalign(void **into, size_t alignment, size_t size) {
  if (alignment > PAGE || alignment & (alignment - 1)) return RAW_EINVAL;
  if (alignment > 16 && size <= LARGEST_CLASS) {
    size_t power = alignment;
    while (power < size) power *= 2;
    size = power;
  }
  void *block = malloc(size);
  if (!block) return RAW_ENOMEM;
  *into = block;
  return 0;
}
#else
#include "../include/calls.h"

void apus_trim(void) {}
#endif
