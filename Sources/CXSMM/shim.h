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

// The same for A and B in bfloat16 with sums in float: A holds pairs of neighbours in k together, [k / 2, m, 2], and B is stored [n, k].
typedef void (*cxsmm_bf16_kernel)(const uint16_t *a, const uint16_t *b, float *c);
extern cxsmm_bf16_kernel libxsmm_bsmmdispatch(int m, int n, int k, const int *lda, const int *ldb, const int *ldc, const float *alpha,
                                              const float *beta, const int *flags, const int *prefetch);
static inline cxsmm_bf16_kernel cxsmm_dispatch_bf16(int m, int n, int k, int lda, int ldb, int ldc, int accumulate) {
  float alpha = 1, beta = accumulate ? 1 : 0;
  int flags = 32768, prefetch = 0;
  return libxsmm_bsmmdispatch(m, n, k, &lda, &ldb, &ldc, &alpha, &beta, &flags, &prefetch);
}
static inline void cxsmm_run_bf16(cxsmm_bf16_kernel kernel, const float *a, const float *b, float *c) {
  kernel((const uint16_t *)a, (const uint16_t *)b, c);
}

// SIMD8.squareRoot() of Swift becomes eight scalar roots; this is one instruction.
typedef float cxsmm_float8 __attribute__((ext_vector_type(8)));
static inline __attribute__((always_inline)) cxsmm_float8 cxsmm_sqrt8(cxsmm_float8 x) { return __builtin_elementwise_sqrt(x); }
typedef double cxsmm_double8 __attribute__((ext_vector_type(8)));
static inline __attribute__((always_inline)) cxsmm_double8 cxsmm_sqrt8d(cxsmm_double8 x) { return __builtin_elementwise_sqrt(x); }

// Eight rows of eight from x, `from` apart, as columns to y, `to` apart: neighbours change places, then pairs, then fours.
typedef float cxsmm_f8 __attribute__((ext_vector_type(8), aligned(4)));
static inline void cxsmm_transpose8(const float *x, long from, float *y, long to) {
  cxsmm_f8 pairs[8], fours[8];
  for (int i = 0; i < 8; i += 2) {
    cxsmm_f8 a = *(const cxsmm_f8 *)(x + i * from), b = *(const cxsmm_f8 *)(x + (i + 1) * from);
    pairs[i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[i + 1] = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; j++) {
      fours[i + 2 * j] = __builtin_shufflevector(pairs[i + j], pairs[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      fours[i + 2 * j + 1] = __builtin_shufflevector(pairs[i + j], pairs[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int j = 0; j < 4; j++) {
    *(cxsmm_f8 *)(y + j * to) = __builtin_shufflevector(fours[j], fours[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(cxsmm_f8 *)(y + (j + 4) * to) = __builtin_shufflevector(fours[j], fours[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// The elementary functions of Kernels/Vector.swift in sixteen lanes, operation for operation, so that the bits are the same; only for processors
// with AVX-512. As there, up to 7 elements behind `count` are read and written.
#define CXSMM_512 __attribute__((target("avx512f,avx512dq,avx512vl,fma")))
typedef float cxsmm_f16 __attribute__((ext_vector_type(16), aligned(4)));
typedef int cxsmm_i16 __attribute__((ext_vector_type(16), aligned(4)));
#define CXSMM_LANES static inline __attribute__((always_inline)) CXSMM_512 cxsmm_f16

CXSMM_LANES cxsmm_all(float x) { return (cxsmm_f16)(x); }
CXSMM_LANES cxsmm_fma(cxsmm_f16 a, cxsmm_f16 b, cxsmm_f16 c) { return __builtin_elementwise_fma(a, b, c); }
CXSMM_LANES cxsmm_choose(cxsmm_i16 where, cxsmm_f16 a, cxsmm_f16 b) { return where ? a : b; }

// NaN stays NaN: the instructions give their second operand where one is NaN.
typedef float cxsmm_v16 __attribute__((vector_size(64)));
CXSMM_LANES cxsmm_clamp16(cxsmm_f16 x, float low, float high) {
  cxsmm_v16 y = __builtin_ia32_maxps512((cxsmm_v16)cxsmm_all(low), (cxsmm_v16)x, 4);
  return (cxsmm_f16)__builtin_ia32_minps512((cxsmm_v16)cxsmm_all(high), y, 4);
}

// e^x as p 2^n; n + 1.5 2^23 in `t`.
CXSMM_LANES cxsmm_exp_parts16(cxsmm_f16 x, cxsmm_f16 *t, cxsmm_f16 *power) {
#pragma STDC FP_CONTRACT OFF
  cxsmm_f16 magic = cxsmm_all(12582912);
  *t = cxsmm_fma(x, cxsmm_all(1.44269504f), magic);
  cxsmm_f16 n = *power = *t - magic;
  cxsmm_f16 r = cxsmm_fma(n, cxsmm_all(2.1219444e-4f), cxsmm_fma(n, cxsmm_all(-0.693359375f), x));
  cxsmm_f16 p = cxsmm_fma(r, cxsmm_all(1.38145406e-3f), cxsmm_all(8.36874545e-3f));
  p = cxsmm_fma(p, r, cxsmm_all(4.16683890e-2f));
  p = cxsmm_fma(p, r, cxsmm_all(1.66665211e-1f));
  p = cxsmm_fma(p, r, cxsmm_all(0.49999994f));
  p = cxsmm_fma(p, r, cxsmm_all(1));
  return cxsmm_fma(p, r, cxsmm_all(1));
}

CXSMM_LANES cxsmm_exp_inside16(cxsmm_f16 x) {
  cxsmm_f16 t, n, p = cxsmm_exp_parts16(x, &t, &n);
  return p * (cxsmm_f16)(((cxsmm_i16)t << 23) + (cxsmm_i16)(0x3f800000));
}

// The same for x in [-87, 87], where p 2^n is neither subnormal nor infinite: then one instruction scales, and the bits are the same.
CXSMM_LANES cxsmm_exp_normal16(cxsmm_f16 x) {
  cxsmm_f16 t, n, p = cxsmm_exp_parts16(x, &t, &n);
  return (cxsmm_f16)__builtin_ia32_scalefps512_mask((cxsmm_v16)p, (cxsmm_v16)n, (cxsmm_v16)p, (unsigned short)-1, 4);
}

CXSMM_LANES cxsmm_exp16(cxsmm_f16 x) { return cxsmm_exp_inside16(cxsmm_clamp16(x, -88, 89)); }

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
  return cxsmm_all(1) / (cxsmm_all(1) + cxsmm_exp_normal16(-cxsmm_clamp16(x, -87, 87)));
}

CXSMM_LANES cxsmm_tanh16(cxsmm_f16 x) {
#pragma STDC FP_CONTRACT OFF
  cxsmm_f16 a = cxsmm_magnitude16(x), z = x * x, p = cxsmm_fma(z, cxsmm_all(-5.70498873e-3f), cxsmm_all(2.06390888e-2f));
  p = cxsmm_fma(p, z, cxsmm_all(-5.37397156e-2f));
  p = cxsmm_fma(p, z, cxsmm_all(1.33314422e-1f));
  p = cxsmm_fma(p, z, cxsmm_all(-3.33332819e-1f));
  cxsmm_f16 small = cxsmm_fma(p * z, x, x), large = cxsmm_all(1) - cxsmm_all(2) / (cxsmm_exp16(a + a) + cxsmm_all(1));
  cxsmm_f16 sign = (cxsmm_f16)((cxsmm_i16)x & ~(cxsmm_i16)(0x7fffffff));
  return cxsmm_choose(a < cxsmm_all(0.625f), small, (cxsmm_f16)((cxsmm_i16)large | (cxsmm_i16)sign));
}

CXSMM_LANES cxsmm_softplus16(cxsmm_f16 x) {
#pragma STDC FP_CONTRACT OFF
  cxsmm_f16 e = cxsmm_exp_normal16(-cxsmm_clamp16(cxsmm_magnitude16(x), 0, 87)), s = e / (cxsmm_all(2) + e), z = s * s;
  cxsmm_f16 p = cxsmm_fma(z, cxsmm_all(2.80244589e-1f), cxsmm_all(2.79991418e-1f));
  p = cxsmm_fma(p, z, cxsmm_all(4.00216997e-1f));
  p = cxsmm_fma(p, z, cxsmm_all(6.66664124e-1f));
  p = cxsmm_fma(p, z, cxsmm_all(2));
  return p * s + cxsmm_choose(x < cxsmm_all(0), cxsmm_all(0), x);
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

// y = a b + c, rounded once.
static CXSMM_512 inline void cxsmm_multiply_add(const float *a, const float *b, const float *c, float *y, long count) {
  long i = 0, padded = (count + 7) & ~7L;
  for (; i + 16 <= padded; i += 16)
    *(cxsmm_f16 *)(y + i) = cxsmm_fma(*(const cxsmm_f16 *)(a + i), *(const cxsmm_f16 *)(b + i), *(const cxsmm_f16 *)(c + i));
  for (; i < padded; i++) y[i] = __builtin_fmaf(a[i], b[i], c[i]);
}

static inline __attribute__((always_inline)) CXSMM_512 void cxsmm_silu_whole(const float *a, const float *b, float *y, float *slope, long count,
                                                                             int biased, int sloped) {
#pragma STDC FP_CONTRACT OFF
  for (long i = 0; i < count; i += 16) {
    cxsmm_f16 x = *(const cxsmm_f16 *)(a + i);
    if (biased) x = x + *(const cxsmm_f16 *)(b + i);
    cxsmm_f16 s = cxsmm_sigmoid16(x), value = x * s;
    if (sloped) *(cxsmm_f16 *)(slope + i) = cxsmm_fma(value, cxsmm_all(1) - s, s);
    *(cxsmm_f16 *)(y + i) = value;
  }
}

// y = x s(x) and, unless `slope` is null, its derivative s + y (1 - s), for x = a + b, or a where b is null; s is the logistic function.
static CXSMM_512 inline void cxsmm_silu(const float *a, const float *b, float *y, float *slope, long count) {
  long padded = (count + 7) & ~7L, whole = padded & ~15L;
  if (b && slope)
    cxsmm_silu_whole(a, b, y, slope, whole, 1, 1);
  else if (b)
    cxsmm_silu_whole(a, b, y, slope, whole, 1, 0);
  else if (slope)
    cxsmm_silu_whole(a, b, y, slope, whole, 0, 1);
  else
    cxsmm_silu_whole(a, b, y, slope, whole, 0, 0);
  if (whole == padded) return;
  float x[16] = {0}, bias[16] = {0}, values[16], slopes[16];
  for (int k = 0; k < 8; k++) {
    x[k] = a[whole + k];
    if (b) bias[k] = b[whole + k];
  }
  cxsmm_silu_whole(x, bias, values, slopes, 16, b != 0, 1);
  for (int k = 0; k < 8; k++) {
    y[whole + k] = values[k];
    if (slope) slope[whole + k] = slopes[k];
  }
}

// The nearest bfloat16 (ties to even) in the upper half of each lane; NaN stays NaN.
typedef uint32_t cxsmm_u16 __attribute__((ext_vector_type(16), aligned(4)));
typedef uint16_t cxsmm_s16 __attribute__((ext_vector_type(16), aligned(2)));
static inline __attribute__((always_inline)) CXSMM_512 cxsmm_u16 cxsmm_bf16_lanes(cxsmm_f16 x) {
  cxsmm_u16 u = (cxsmm_u16)x, y = u + (cxsmm_u16)(0x7fff) + ((u >> 16) & (cxsmm_u16)(1));
  return (x != x) ? (cxsmm_u16)(0x7fc00000) : y;
}
static inline CXSMM_512 cxsmm_f16 cxsmm_some16(const float *x, long count) {
  cxsmm_f16 y = cxsmm_all(0);
  for (long k = 0; k < count; k++) y[k] = x[k];
  return y;
}

// `count` numbers as bfloat16.
static CXSMM_512 inline void cxsmm_to_bf16(const float *x, uint16_t *y, long count) {
  long i = 0;
  for (; i + 16 <= count; i += 16) *(cxsmm_s16 *)(y + i) = __builtin_convertvector(cxsmm_bf16_lanes(*(const cxsmm_f16 *)(x + i)) >> 16, cxsmm_s16);
  if (i == count) return;
  cxsmm_u16 rest = cxsmm_bf16_lanes(cxsmm_some16(x + i, count - i)) >> 16;
  for (long k = 0; i + k < count; k++) y[i + k] = (uint16_t)rest[k];
}

// Two rows as bfloat16, interleaved: [columns, 2].
static CXSMM_512 inline void cxsmm_to_bf16_pair(const float *x, const float *next, uint32_t *y, long columns) {
  const cxsmm_u16 upper = (cxsmm_u16)(0xffff0000);
  long i = 0;
  for (; i + 16 <= columns; i += 16)
    *(cxsmm_u16 *)(y + i) = (cxsmm_bf16_lanes(*(const cxsmm_f16 *)(x + i)) >> 16) | (cxsmm_bf16_lanes(*(const cxsmm_f16 *)(next + i)) & upper);
  if (i == columns) return;
  cxsmm_u16 rest =
      (cxsmm_bf16_lanes(cxsmm_some16(x + i, columns - i)) >> 16) | (cxsmm_bf16_lanes(cxsmm_some16(next + i, columns - i)) & upper);
  for (long k = 0; i + k < columns; k++) y[i + k] = rest[k];
}

static inline int cxsmm_has_bf16(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16");
}

// Intel's tiles (AMX). The kernel must be asked for their registers, once for the whole process; afterwards it refuses an alternate signal stack that
// could not hold them (about 12 KiB). 0: the processor has none, or the kernel gives none.
static inline int cxsmm_ask_for_tiles(void) {
  const uint32_t needed = 1u << 22 | 1u << 24;  // AMX-BF16, AMX-TILE
  uint32_t a = 7, b, c = 0, d;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  if ((d & needed) != needed) return 0;
  const int request = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  int before = errno;
  int given = syscall(SYS_arch_prctl, request, tile_data) == 0;
  errno = before;
  return given;
}

// What LDTILECFG reads: the bytes a row and the rows of each tile.
typedef struct {
  uint8_t palette, start, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} cxsmm_tile_shapes;

static inline int cxsmm_lesser(int a, int b) { return a < b ? a : b; }

// Two by two tiles of C, of m by n numbers, from rows of A and columns of B: 0 | 1 over 2 | 3, those of A are 4 over 5, of B 6 | 7.
#define CXSMM_TILES __attribute__((target("amx-tile,amx-bf16")))
static inline CXSMM_TILES void cxsmm_tile_square(const uint16_t *a, long lda, const uint16_t *b, long ldb, float *c, long ldc, int m, int n, int k,
                                                 int step, int accumulate) {
  int low = m > 16, right = n > 16;
  float *under = c + 16 * ldc;
  lda *= 2, ldb *= 4, ldc *= 4;
  if (accumulate) {
    __builtin_ia32_tileloadd64(0, c, ldc);
    if (right) __builtin_ia32_tileloadd64(1, c + 16, ldc);
    if (low) __builtin_ia32_tileloadd64(2, under, ldc);
    if (low && right) __builtin_ia32_tileloadd64(3, under + 16, ldc);
  } else {
    __builtin_ia32_tilezero(0);
    if (right) __builtin_ia32_tilezero(1);
    if (low) __builtin_ia32_tilezero(2);
    if (low && right) __builtin_ia32_tilezero(3);
  }
  for (int p = 0; p < k; p += step) {
    const char *from = (const char *)b + p / 2 * ldb, *rows = (const char *)(a + p);
    __builtin_ia32_tileloadd64(4, rows, lda);
    __builtin_ia32_tileloadd64(6, from, ldb);
    __builtin_ia32_tdpbf16ps(0, 4, 6);
    if (right) {
      __builtin_ia32_tileloadd64(7, from + 64, ldb);
      __builtin_ia32_tdpbf16ps(1, 4, 7);
    }
    if (low) {
      __builtin_ia32_tileloadd64(5, rows + 16 * lda, lda);
      __builtin_ia32_tdpbf16ps(2, 5, 6);
      if (right) __builtin_ia32_tdpbf16ps(3, 5, 7);
    }
  }
  __builtin_ia32_tilestored64(0, c, ldc);
  if (right) __builtin_ia32_tilestored64(1, c + 16, ldc);
  if (low) __builtin_ia32_tilestored64(2, under, ldc);
  if (low && right) __builtin_ia32_tilestored64(3, under + 16, ldc);
}

// Row-major C[m, n] = A[m, k] B[k, n] (+ C) of bfloat16 in tiles; k even, B as [k / 2, n, 2].
static CXSMM_TILES inline void cxsmm_run_tiles(const uint16_t *a, const uint16_t *b, float *c, int m, int n, int k, int lda, int ldb, int ldc,
                                               int accumulate) {
  enum { SIDE = 16, INNER = 32 };
  int shaped[3] = {0};
  for (int start = 0; start < k;) {
    // Whole steps of the inner axis, then what is left of it.
    int step = cxsmm_lesser(INNER, k - start), stretch = (k - start) / step * step;
    for (int j = 0; j < n; j += 2 * SIDE)
      for (int i = 0; i < m; i += 2 * SIDE) {
        int rows = cxsmm_lesser(2 * SIDE, m - i), columns = cxsmm_lesser(2 * SIDE, n - j);
        if (shaped[0] != rows || shaped[1] != columns || shaped[2] != step) {
          uint8_t tall[2] = {(uint8_t)cxsmm_lesser(rows, SIDE), (uint8_t)(rows > SIDE ? rows - SIDE : 0)};
          uint16_t wide[2] = {(uint16_t)(4 * cxsmm_lesser(columns, SIDE)), (uint16_t)(columns > SIDE ? 4 * (columns - SIDE) : 0)};
          cxsmm_tile_shapes shapes = {.palette = 1};
          for (int t = 0; t < 2; t++) {
            for (int u = 0; u < 2; u++)
              if (tall[t] && wide[u]) shapes.rows[2 * t + u] = tall[t], shapes.row_bytes[2 * t + u] = wide[u];
            if (tall[t]) shapes.rows[4 + t] = tall[t], shapes.row_bytes[4 + t] = (uint16_t)(2 * step);
            if (wide[t]) shapes.rows[6 + t] = (uint8_t)(step / 2), shapes.row_bytes[6 + t] = wide[t];
          }
          __builtin_ia32_tile_loadconfig(&shapes);
          shaped[0] = rows, shaped[1] = columns, shaped[2] = step;
        }
        cxsmm_tile_square(a + (long)i * lda + start, lda, b + (long)start * ldb + 2 * j, ldb, c + (long)i * ldc + j, ldc, rows, columns, stretch,
                          step, accumulate || start > 0);
      }
    start += stretch;
  }
  __builtin_ia32_tilerelease();
}

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

// The processors that this process may run on.
static inline int cxsmm_processors(void) {
  unsigned long mask[128] = {0};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask), count = 0;
  for (long i = 0; i < bytes / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
  return count > 0 ? (int)count : 1;
}
