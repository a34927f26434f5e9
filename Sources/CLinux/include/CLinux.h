// What Swift needs of C: the child between clone and exec, and system calls in one manner.
#ifndef CLINUX_H
#define CLINUX_H
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include "CArguments.h"
#include "CControl.h"
#include "CListen.h"
#include "CNotify.h"
#include "CProbe.h"
#include "CRelay.h"

#include "calls.h"
#include "child.h"
#include "trees.h"
#endif
