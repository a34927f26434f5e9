#ifndef CARGUMENTS_H
#define CARGUMENTS_H
#include <stdint.h>
// argv and the environment of this process as the kernel laid them out: Embedded Swift has no CommandLine.
int32_t apus_argument_count(void);
// NULL behind the last one.
const char *apus_argument(int32_t index);
const char *apus_environment(int32_t index);
#endif
