// What Swift cannot import of libxsmm 1.17 (its kernel type is variadic), and the machine instructions that Swift has no name for.
#pragma once
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef void (*cxsmm_kernel)(const float *a, const float *b, float *c);

// The signature of libxsmm_smmdispatch with its result's type written out; libxsmm.h itself is not imported.
extern cxsmm_kernel libxsmm_smmdispatch(int m, int n, int k, const int *lda, const int *ldb, const int *ldc, const float *alpha, const float *beta,
                                        const int *flags, const int *prefetch);

// Column-major C[m, n] = A[m, k] B[k, n] (+ C); transposed_b: B is stored [n, k]. NULL where no code can be generated.
static inline cxsmm_kernel cxsmm_dispatch(int m, int n, int k, int lda, int ldb, int ldc, int transposed_b, int accumulate) {
  float alpha = 1, beta = accumulate ? 1 : 0;
  int flags = transposed_b ? 2 : 0, prefetch = 0;
  return libxsmm_smmdispatch(m, n, k, &lda, &ldb, &ldc, &alpha, &beta, &flags, &prefetch);
}

// SIMD8.squareRoot() of Swift becomes eight scalar roots; this is one instruction.
typedef float cxsmm_float8 __attribute__((ext_vector_type(8)));
static inline __attribute__((always_inline)) cxsmm_float8 cxsmm_sqrt8(cxsmm_float8 x) { return __builtin_elementwise_sqrt(x); }
typedef double cxsmm_double8 __attribute__((ext_vector_type(8)));
static inline __attribute__((always_inline)) cxsmm_double8 cxsmm_sqrt8d(cxsmm_double8 x) { return __builtin_elementwise_sqrt(x); }

static inline void cxsmm_pause(void) { __builtin_ia32_pause(); }

// Sleeps while *word == value, for at most `milliseconds` (negative: for ever).
static inline void cxsmm_futex_wait(const void *word, uint32_t value, int milliseconds) {
  struct timespec limit = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, milliseconds < 0 ? (struct timespec *)0 : &limit, 0, 0);
}
static inline void cxsmm_futex_wake(const void *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0); }

// The floating-point mode: rounding, flush-to-zero and exception masks of this thread.
static inline uint32_t cxsmm_float_mode(void) { return __builtin_ia32_stmxcsr(); }
static inline void cxsmm_set_float_mode(uint32_t mode) { __builtin_ia32_ldmxcsr(mode); }

static inline int cxsmm_has_avx2_fma(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

// The processors that this process may run on.
static inline int cxsmm_processors(void) {
  unsigned long mask[128] = {0};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask), count = 0;
  for (long i = 0; i < bytes / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
  return count > 0 ? (int)count : 1;
}
