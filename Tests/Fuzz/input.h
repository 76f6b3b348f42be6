/* What bytes stand for: numbers, text, options, tensors. Every choice is made by the next byte, so that a changed byte is a changed call. */
#ifndef INPUT_H
#define INPUT_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stein.h"

static const uint8_t *next, *end;

static inline uint8_t byte(void) { return next < end ? *next++ : 0; }

/* One call in sixteen is given something that it should refuse. */
static inline int odd(void) { return byte() % 16 == 15; }

static inline uint64_t word(void) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; i++) bits = bits << 8 | byte();
  return bits;
}

static inline int64_t whole(void) {
  static const int64_t edges[] = {0, 1, -1, 2, 3, 4, 8, 33, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1ll << 31, 1ll << 62};
  uint8_t choice = byte();
  return choice < 14 ? edges[choice] : choice == 255 ? (int64_t)word() : choice % 32;
}

static inline double number(void) {
  static const double edges[] = {0, -0.0, 1, -1, 0.5, 1e-320, 1e308, -1e308, 1e30, 1e-30, 3.4e38, 1e-3};
  uint8_t choice = byte();
  if (choice < 12) return edges[choice];
  if (choice == 253) return NAN;
  if (choice == 254) return byte() % 2 ? INFINITY : -INFINITY;
  if (choice == 255) {
    uint64_t bits = word();
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  return (choice - 128) / 16.0 + byte() / 4096.0;
}

/* ---- Memory that goes with the input: of the exact size, so that one byte too far is seen ------------------------------------------- */

static void *blocks[4096];
static int block_count;

static inline void *block(size_t size) {
  void *memory = malloc(size ? size : 1);
  if (!memory || block_count == 4096) abort();
  return blocks[block_count++] = memory;
}

static inline void free_blocks(void) {
  while (block_count) free(blocks[--block_count]);
}

/* ---- Options: keys and choices as the library itself describes them ------------------------------------------------------------------ */

static const char *const kinds[] = {
    "context", "dataset", "model", "graph", "trainer", "sampler", "impute", "encode", "decode", "log_likelihood", "loss", "denoising", "chains",
    "effective_sample_size", "kernel_stein_discrepancy", "sliced_wasserstein", "maximum_mean_discrepancy", "import_weights"};
enum { KINDS = sizeof kinds / sizeof *kinds, KEYS = 64, CHOICES = 24 };
enum kind { CONTEXT, DATASET, MODEL, GRAPH, TRAINER, SAMPLER, IMPUTE, ENCODE, DECODE, LOG_LIKELIHOOD, LOSS, DENOISING, CHAINS, ESS, KSD, WASSERSTEIN,
  MMD, IMPORT_WEIGHTS };

static struct key {
  char name[32], choices[CHOICES][32];
  int choice_count;
} keys[KINDS][KEYS];
static int key_count[KINDS];

/* The string after `from`, which is at its opening quote; returns the place behind it. */
static inline const char *quoted(const char *from, char *text, size_t capacity) {
  size_t length = 0;
  for (from++; *from && *from != '"'; from++)
    if (length + 1 < capacity) text[length++] = *from;
  text[length] = 0;
  return from + 1;
}

static inline void read_options(void) {
  static char json[1 << 16];
  uint64_t needed;
  for (int kind = 0; kind < KINDS; kind++) {
    if (stein_options_describe(kinds[kind], json, sizeof json, &needed, NULL) != STEIN_OK) abort();
    for (const char *at = json; (at = strstr(at, "\"name\":")) && key_count[kind] < KEYS;) {
      struct key *key = &keys[kind][key_count[kind]++];
      at = quoted(at + 7, key->name, sizeof key->name);
      if (kind == 0 && !strcmp(key->name, "trace")) { /* any value would be a file */
        key_count[kind]--;
        continue;
      }
      const char *following = strstr(at, "\"name\":"), *choices = strstr(at, "\"choices\":[");
      if (!choices || (following && choices > following)) continue;
      for (choices += 11; *choices == '"' && key->choice_count < CHOICES; choices += *choices == ',')
        choices = quoted(choices, key->choices[key->choice_count++], 32);
    }
  }
}

static const char *const values[] = {"1", "2", "3", "0", "true", "false", "4", "8", "0.5", "0.1", "-1", "0.01", "1e-6", "1e30", "nan", "inf", "2,2",
  "1,1,1", "-1,0", "16", "100", "9223372036854775807", "1e308", "\"a b\"", "\"\\\"\"", "", "auto", "64", "5,3,1", "0.999", "x", "1000"};

/* Text for an option string of `kind`: keys with a choice or a value each, or whatever the bytes are. */
static inline const char *options(enum kind kind) {
  uint8_t count = byte();
  if (count < 40) return NULL;
  char *text = block(600);
  size_t length = 0;
  if (count >= 250) {
    uint8_t size = byte();
    for (; length < size; length++) text[length] = (char)byte();
    text[length] = 0;
    return text;
  }
  text[0] = 0;
  for (int i = 0; i < count % 6; i++) {
    const struct key *key = &keys[kind][byte() % key_count[kind]];
    uint8_t choice = byte();
    const char *value = key->choice_count && choice < 240 ? key->choices[choice % key->choice_count] : values[choice % 32];
    length += (size_t)snprintf(text + length, 600 - length, "%s%s=%s", i ? " " : "", key->name, value);
  }
  return text;
}

/* ---- Tensors ---------------------------------------------------------------------------------------------------------------------------- */

/* Memory of a tensor that the library may write, and what was there. */
struct output {
  unsigned char *data;
  size_t size;
};
static struct output outputs[8];
static int output_count;

static inline void *output(size_t size) {
  unsigned char *data = block(size);
  memset(data, 0xA5, size);
  if (output_count < 8) outputs[output_count++] = (struct output){data, size};
  return data;
}

/* A tensor of the shape wanted, in one of several layouts; at times with a field that is wrong. Its memory is what it says. */
static inline stein_tensor *tensor(int32_t ndim, const int64_t *wanted, int writes, int labels) {
  uint8_t layout = byte();
  if (layout == 255) return NULL;
  int64_t count = 1, *shape = block(5 * sizeof *shape), *strides = block(5 * sizeof *strides);
  for (int32_t i = 0; i < ndim; i++) shape[i] = wanted[i], count *= wanted[i];
  int bits = labels ? (layout & 2 ? 8 : 64) : (layout & 2 ? 32 : 64);
  size_t size = (size_t)count * (size_t)bits / 8;
  unsigned char *data = writes ? output(size) : block(size);
  if (!writes) {
    double base = number();
    for (int64_t i = 0; i < count; i++) {
      double value = layout & 8 ? number() : base + (double)((i * 7919 + layout) % 101) / 16;
      if (labels && bits == 8) data[i] = (unsigned char)(i % 3);
      else if (labels) ((int64_t *)data)[i] = layout & 8 ? whole() : i % 3;
      else if (bits == 32) ((float *)data)[i] = (float)value;
      else ((double *)data)[i] = value;
    }
  }
  stein_tensor *made = block(sizeof *made);
  *made = stein_view(data, labels ? 0 : 2, (uint8_t)bits, ndim, shape);
  if (layout & 4) { /* column-major */
    made->strides = strides;
    for (int64_t i = 0, step = 1; i < ndim; i++) strides[i] = step, step *= shape[i];
  }
  if ((layout & 0x70) == 0x70) {
    uint8_t axis = byte() % 5, field = byte() % 10;
    switch (field) {
      case 0: made->data = NULL; break;
      case 1: made->device.device_type = (int32_t)whole(); break;
      case 2: made->ndim = byte() % 2 ? -1 : byte() % 2 ? 7 : ndim - 1; break;
      case 3: made->dtype.lanes = byte(); break;
      case 4: made->dtype.code = byte() | 16; break;
      case 5: made->shape = NULL; break;
      case 6: if (axis < ndim) shape[axis] = -1; break;
      case 7: if (axis < ndim && shape[axis] > 0) shape[axis]--; break; /* less than there is */
      case 8: if (axis < ndim) shape[axis] = INT64_MAX; break;
      case 9: if (bits > 8) made->byte_offset = (uint64_t)whole() | 1; break;
    }
  }
  return made;
}
#endif
