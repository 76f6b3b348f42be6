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

// The elementary functions of Kernels/Vector.swift in sixteen lanes, operation for operation, so that the bits are the same; only for processors
// with AVX-512. As there, up to 7 elements behind `count` are read and written.
#define CXSMM_512 __attribute__((target("avx512f,avx512dq,avx512vl,fma")))
typedef float cxsmm_f16 __attribute__((ext_vector_type(16), aligned(4)));
typedef int cxsmm_i16 __attribute__((ext_vector_type(16), aligned(4)));
#define CXSMM_LANES static inline __attribute__((always_inline)) CXSMM_512 cxsmm_f16

CXSMM_LANES cxsmm_all(float x) { return (cxsmm_f16)(x); }
CXSMM_LANES cxsmm_fma(cxsmm_f16 a, cxsmm_f16 b, cxsmm_f16 c) { return __builtin_elementwise_fma(a, b, c); }
CXSMM_LANES cxsmm_choose(cxsmm_i16 where, cxsmm_f16 a, cxsmm_f16 b) { return (cxsmm_f16)(((cxsmm_i16)a & where) | ((cxsmm_i16)b & ~where)); }

CXSMM_LANES cxsmm_exp16(cxsmm_f16 x) {
#pragma STDC FP_CONTRACT OFF
  cxsmm_f16 low = cxsmm_all(-87), high = cxsmm_all(88.37f), magic = cxsmm_all(12582912);
  cxsmm_f16 inside = cxsmm_choose(x < low, low, x);
  inside = cxsmm_choose(inside > high, high, inside);
  cxsmm_f16 t = cxsmm_fma(inside, cxsmm_all(1.44269504f), magic), n = t - magic;
  cxsmm_f16 r = cxsmm_fma(n, cxsmm_all(2.1219444e-4f), cxsmm_fma(n, cxsmm_all(-0.693359375f), inside));
  cxsmm_f16 p = cxsmm_fma(r, cxsmm_all(1.98756915e-4f), cxsmm_all(1.39819995e-3f));
  p = cxsmm_fma(p, r, cxsmm_all(8.3334519e-3f));
  p = cxsmm_fma(p, r, cxsmm_all(4.1665796e-2f));
  p = cxsmm_fma(p, r, cxsmm_all(1.66666655e-1f));
  p = cxsmm_fma(p, r, cxsmm_all(0.5f));
  p = cxsmm_fma(p, r * r, r) + cxsmm_all(1);
  cxsmm_f16 y = (cxsmm_f16)((cxsmm_i16)p + ((cxsmm_i16)t << 23));
  y = cxsmm_choose(x < low, cxsmm_all(0), y);
  y = cxsmm_choose(x > high, cxsmm_all(__builtin_inff()), y);
  return cxsmm_choose(x != x, x, y);
}

CXSMM_LANES cxsmm_log16(cxsmm_f16 given) {
#pragma STDC FP_CONTRACT OFF
  cxsmm_i16 tiny = given < cxsmm_all(1.17549435e-38f);
  cxsmm_f16 x = cxsmm_choose(tiny, given * cxsmm_all(33554432), given);
  cxsmm_i16 i = (cxsmm_i16)x - (cxsmm_i16)(0x3f3504f3), e = i >> 23;
  cxsmm_f16 m = (cxsmm_f16)((i & (cxsmm_i16)(0x007fffff)) + (cxsmm_i16)(0x3f3504f3)) - cxsmm_all(1);
  cxsmm_f16 exponent = (cxsmm_f16)(e + (cxsmm_i16)(0x4b400000)) - cxsmm_all(12582912);
  exponent = cxsmm_choose(tiny, exponent - cxsmm_all(25), exponent);
  cxsmm_f16 z = m * m, p = cxsmm_fma(m, cxsmm_all(7.0376836e-2f), cxsmm_all(-1.15146103e-1f));
  p = cxsmm_fma(p, m, cxsmm_all(1.1676999e-1f));
  p = cxsmm_fma(p, m, cxsmm_all(-1.2420141e-1f));
  p = cxsmm_fma(p, m, cxsmm_all(1.4249323e-1f));
  p = cxsmm_fma(p, m, cxsmm_all(-1.6668058e-1f));
  p = cxsmm_fma(p, m, cxsmm_all(2.0000715e-1f));
  p = cxsmm_fma(p, m, cxsmm_all(-2.4999994e-1f));
  p = cxsmm_fma(p, m, cxsmm_all(3.3333331e-1f));
  cxsmm_f16 y = p * m * z;
  y = cxsmm_fma(exponent, cxsmm_all(-2.1219444e-4f), y);
  y = cxsmm_fma(z, cxsmm_all(-0.5f), y);
  y = cxsmm_fma(exponent, cxsmm_all(0.693359375f), m + y);
  y = cxsmm_choose(given == cxsmm_all(__builtin_inff()), given, y);
  y = cxsmm_choose(given == cxsmm_all(0), cxsmm_all(-__builtin_inff()), y);
  y = cxsmm_choose(given < cxsmm_all(0), cxsmm_all(__builtin_nanf("")), y);
  return cxsmm_choose(given != given, given, y);
}

CXSMM_LANES cxsmm_magnitude16(cxsmm_f16 x) { return (cxsmm_f16)((cxsmm_i16)x & (cxsmm_i16)(0x7fffffff)); }

CXSMM_LANES cxsmm_sigmoid16(cxsmm_f16 x) {
#pragma STDC FP_CONTRACT OFF
  return cxsmm_all(1) / (cxsmm_all(1) + cxsmm_exp16(-x));
}

CXSMM_LANES cxsmm_tanh16(cxsmm_f16 x) {
#pragma STDC FP_CONTRACT OFF
  cxsmm_f16 a = cxsmm_magnitude16(x), z = x * x, p = cxsmm_fma(z, cxsmm_all(-5.70498873e-3f), cxsmm_all(2.06390888e-2f));
  p = cxsmm_fma(p, z, cxsmm_all(-5.37397156e-2f));
  p = cxsmm_fma(p, z, cxsmm_all(1.33314422e-1f));
  p = cxsmm_fma(p, z, cxsmm_all(-3.33332819e-1f));
  cxsmm_f16 small = cxsmm_fma(p * z, x, x), large = cxsmm_all(1) - cxsmm_all(2) / (cxsmm_exp16(a + a) + cxsmm_all(1));
  cxsmm_f16 sign = (cxsmm_f16)((cxsmm_i16)x & ~(cxsmm_i16)(0x7fffffff));
  cxsmm_f16 y = (cxsmm_f16)((cxsmm_i16)large | (cxsmm_i16)sign);
  y = cxsmm_choose(a < cxsmm_all(0.625f), small, y);
  return cxsmm_choose(x != x, x, y);
}

CXSMM_LANES cxsmm_softplus16(cxsmm_f16 x) {
#pragma STDC FP_CONTRACT OFF
  cxsmm_f16 one = cxsmm_all(1), e = cxsmm_exp16(-cxsmm_magnitude16(x)), u = one + e, difference = u - one;
  cxsmm_i16 none = difference == cxsmm_all(0);
  cxsmm_f16 ratio = e / cxsmm_choose(none, one, difference), log1p = cxsmm_choose(none, e, cxsmm_log16(u) * ratio);
  cxsmm_f16 y = log1p + cxsmm_choose(x < cxsmm_all(0), cxsmm_all(0), x);
  return cxsmm_choose(x != x, x, y);
}

#define CXSMM_MAP(function)                                                                                 \
  static CXSMM_512 inline void cxsmm_map_##function(const float *x, float *y, long count) {                 \
    long i = 0, padded = (count + 7) & ~7L;                                                                 \
    for (; i + 16 <= padded; i += 16) *(cxsmm_f16 *)(y + i) = cxsmm_##function(*(const cxsmm_f16 *)(x + i)); \
    if (i == padded) return;                                                                                \
    cxsmm_f16 rest = cxsmm_all(0);                                                                          \
    for (int k = 0; k < 8; k++) rest[k] = x[i + k];                                                         \
    rest = cxsmm_##function(rest);                                                                          \
    for (int k = 0; k < 8; k++) y[i + k] = rest[k];                                                         \
  }
CXSMM_MAP(exp16)
CXSMM_MAP(log16)
CXSMM_MAP(sigmoid16)
CXSMM_MAP(tanh16)
CXSMM_MAP(softplus16)

// y = a op b in sixteen lanes; a_step, b_step: 0 for one number that stands for all, else 1.
#define CXSMM_ZIP(name, op)                                                                                                             \
  static CXSMM_512 inline void cxsmm_zip_##name(const float *a, long a_step, const float *b, long b_step, float *y, long count) {       \
    _Pragma("STDC FP_CONTRACT OFF") long i = 0, padded = (count + 7) & ~7L;                                                             \
    cxsmm_f16 all_a = cxsmm_all(*a), all_b = cxsmm_all(*b);                                                                             \
    if (a_step && b_step)                                                                                                               \
      for (; i + 16 <= padded; i += 16) *(cxsmm_f16 *)(y + i) = *(const cxsmm_f16 *)(a + i) op *(const cxsmm_f16 *)(b + i);             \
    else if (a_step)                                                                                                                    \
      for (; i + 16 <= padded; i += 16) *(cxsmm_f16 *)(y + i) = *(const cxsmm_f16 *)(a + i) op all_b;                                   \
    else                                                                                                                                \
      for (; i + 16 <= padded; i += 16) *(cxsmm_f16 *)(y + i) = all_a op *(const cxsmm_f16 *)(b + i);                                   \
    for (; i < padded; i++) y[i] = a[i * a_step] op b[i * b_step];                                                                      \
  }
CXSMM_ZIP(add, +)
CXSMM_ZIP(subtract, -)
CXSMM_ZIP(multiply, *)
CXSMM_ZIP(divide, /)

static inline int cxsmm_has_avx512(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static inline void cxsmm_prefetch(const void *p) { __builtin_prefetch(p); }
static inline void cxsmm_pause(void) { __builtin_ia32_pause(); }

// Sleeps while *word == value, for at most `milliseconds` (negative: for ever).
static inline void cxsmm_futex_wait(const void *word, uint32_t value, int milliseconds) {
  struct timespec limit = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, milliseconds < 0 ? (struct timespec *)0 : &limit, 0, 0);
}
static inline void cxsmm_futex_wake(const void *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0); }

// The floating-point mode: rounding, flush-to-zero and exception masks of this thread. Above the register of SSE stands x87's control word: the C library
// reads and writes decimal numbers by its rounding.
static inline uint64_t cxsmm_float_mode(void) {
  uint16_t x87;
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (uint64_t)x87 << 32 | __builtin_ia32_stmxcsr();
}
static inline void cxsmm_set_float_mode(uint64_t mode) {
  uint16_t x87 = (uint16_t)(mode >> 32);
  __builtin_ia32_ldmxcsr((uint32_t)mode);
  __asm__ volatile("fldcw %0" : : "m"(x87));
}

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
