/* What stands before every export. The library's Swift is compiled for x86-64-v3 and dies of SIGILL on any other processor, from its first
 * instructions on; so C that is compiled for every x86-64 (Package.swift) looks at the processor first, and refuses with a status and a sentence.
 * Nothing of Swift runs before that: what the loader runs is libxsmm's and the Swift runtime's, compiled for every x86-64 too. */
#pragma once
#include "../../../include/stein.h"

#define GATE_HIDDEN __attribute__((visibility("hidden")))
struct ArrowArrayStream;

enum { GATE_UNKNOWN, GATE_OPEN, GATE_SHUT };
extern GATE_HIDDEN int gate_state;
/* Looks at the processor; the answer is kept in gate_state. */
GATE_HIDDEN int gate_look(void);
static inline int gate_open(void) { return __builtin_expect(__atomic_load_n(&gate_state, __ATOMIC_RELAXED) == GATE_OPEN, 1) || gate_look(); }

/* STEIN_UNSUPPORTED, and the caller's error filled as far as its struct_size reaches. */
GATE_HIDDEN stein_status gate_refuse(stein_error *error);
/* No handle was ever given: NULL is freed, all else is invented. */
static inline stein_status gate_refuse_free(const void *handle) { return handle ? STEIN_BAD_HANDLE : STEIN_OK; }
/* What a call takes over whatever its status. */
GATE_HIDDEN void gate_release(stein_release_fn release, void *user);
GATE_HIDDEN void gate_release_stream(struct ArrowArrayStream *stream);
