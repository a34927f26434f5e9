#include "CArguments.h"

#include <stddef.h>

static int32_t count;
static char **arguments;
static char **environment;

// glibc hands argc, argv and envp to constructors, in static binaries too.
__attribute__((constructor)) static void remember(int argc, char **argv, char **envp) {
  count = argc;
  arguments = argv;
  environment = envp;
}

int32_t apus_argument_count(void) { return count; }

const char *apus_argument(int32_t index) { return index >= 0 && index < count ? arguments[index] : NULL; }

const char *apus_environment(int32_t index) { return environment == NULL || index < 0 ? NULL : environment[index]; }
