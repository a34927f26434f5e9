/* The service of the benchmark `inetd`: writes one line to its standard output and ends. Without a C library where that is known
 * how to do, so that what is measured is the server that starts it. */
static const char line[] = "a line\n";

#if defined(__x86_64__) && defined(FREESTANDING)
__attribute__((noreturn)) void _start(void) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "0"(1L), "D"(1L), "S"(line), "d"(sizeof line - 1) : "rcx", "r11", "memory");
  for (;;) __asm__ volatile("syscall" : "=a"(result) : "0"(231L), "D"(0L) : "rcx", "r11", "memory");
}
#else
#include <unistd.h>
int main(void) { return write(1, line, sizeof line - 1) < 0; }
#endif
