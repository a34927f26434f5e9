#ifndef CLINUX_H
#define CLINUX_H
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include "CArguments.h"
#include "CControl.h"
#endif
