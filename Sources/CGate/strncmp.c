#include "gate.h"

/* The Swift runtime, while it is loaded, looks for its variables in the environment by strncmp. The C library's takes AVX2 and BZHI for it where there
 * is AVX2 and BMI2, and qemu 7.2 has BZHI with BMI1 alone: so a processor that is refused would die before it can be. This one serves the library. */
GATE_HIDDEN int strncmp(const char *a, const char *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    unsigned char one = (unsigned char)a[i], other = (unsigned char)b[i];
    if (one != other) return one < other ? -1 : 1;
    if (!one) return 0;
  }
  return 0;
}
