// argv and envp as the process got them: Embedded Swift has no CommandLine. Both end with a null pointer.
#ifndef APUS_START_H
#define APUS_START_H
#include <stdint.h>
int32_t apus_argc(void);
const uint8_t *const *apus_argv(void);
const uint8_t *const *apus_envp(void);
#endif
