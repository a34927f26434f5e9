// Copying and filling, for the compilers' own calls too: so nothing here may be turned into a call of itself
// (-fno-builtin). Short ones are two overlapping moves; long ones are the processor's string instruction.
#if APUS_FREESTANDING
#include <stddef.h>
#include <stdint.h>

typedef uint16_t unaligned16 __attribute__((aligned(1), may_alias));
typedef uint32_t unaligned32 __attribute__((aligned(1), may_alias));
typedef uint64_t unaligned64 __attribute__((aligned(1), may_alias));
typedef long long unaligned128 __attribute__((vector_size(16), aligned(1), may_alias));

// From here on the string instruction's start-up pays.
enum { LONG = 1024 };

#define MOVE_BOTH_ENDS(type) \
  do { \
    type first = *(const type *)from, last = *(const type *)(from + count - sizeof(type)); \
    *(type *)to = first; \
    *(type *)(to + count - sizeof(type)) = last; \
  } while (0)

static __attribute__((noinline)) void move_long(uint8_t *to, const uint8_t *from, size_t count) {
  if (to < from || to >= from + count) {
    if (count >= LONG && (to < from ? from - to : to - from) >= 64) {
      __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
      return;
    }
    // The last two blocks are read before the copy may reach them.
    unaligned128 last = *(const unaligned128 *)(from + count - 16), lesser = *(const unaligned128 *)(from + count - 32);
    for (size_t index = 0; index < count - 32; index += 32) {
      unaligned128 one = *(const unaligned128 *)(from + index), two = *(const unaligned128 *)(from + index + 16);
      *(unaligned128 *)(to + index) = one;
      *(unaligned128 *)(to + index + 16) = two;
    }
    *(unaligned128 *)(to + count - 32) = lesser;
    *(unaligned128 *)(to + count - 16) = last;
    return;
  }
  unaligned128 first = *(const unaligned128 *)from;
  for (size_t index = count - 16; index > 0; index = index > 16 ? index - 16 : 0)
    *(unaligned128 *)(to + index) = *(const unaligned128 *)(from + index);
  *(unaligned128 *)to = first;
}

void *memmove(void *target, const void *source, size_t count) {
  uint8_t *to = target;
  const uint8_t *from = source;
  if (count > 32) move_long(to, from, count);
  else if (count >= 16) MOVE_BOTH_ENDS(unaligned128);
  else if (count >= 8) MOVE_BOTH_ENDS(unaligned64);
  else if (count >= 4) MOVE_BOTH_ENDS(unaligned32);
  else if (count >= 2) MOVE_BOTH_ENDS(unaligned16);
  else if (count) *to = *from;
  return target;
}

void *memcpy(void *restrict target, const void *restrict source, size_t count) { return memmove(target, source, count); }

void *memset(void *target, int value, size_t count) {
  uint8_t *to = target;
  uint64_t word = (uint8_t)value * 0x0101010101010101u;
  if (count >= 16) {
    if (count >= LONG) {
      __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
      return target;
    }
    unaligned128 block = {(long long)word, (long long)word};
    for (size_t index = 0; index < count - 16; index += 16) *(unaligned128 *)(to + index) = block;
    *(unaligned128 *)(to + count - 16) = block;
  } else if (count >= 8) {
    *(unaligned64 *)to = word;
    *(unaligned64 *)(to + count - 8) = word;
  } else {
    // An asm statement between the stores keeps the loop a loop.
    for (; count; count--) {
      *to++ = (uint8_t)value;
      __asm__ volatile("");
    }
  }
  return target;
}

size_t strlen(const char *text) {
  size_t count = 0;
  while (text[count]) count++;
  return count;
}
#endif
