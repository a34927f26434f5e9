#include "start.h"

#include <stddef.h>

static int count;
static const uint8_t *const *arguments;
static const uint8_t *const *environment;

// glibc and musl call constructors with main's arguments.
__attribute__((constructor)) static void remember(int argc, char **argv, char **envp) {
  count = argc;
  arguments = (const uint8_t *const *)argv;
  environment = (const uint8_t *const *)envp;
}

int32_t apus_argc(void) { return count; }
const uint8_t *const *apus_argv(void) { return arguments; }
const uint8_t *const *apus_envp(void) { return environment; }
