/* A table through the Arrow C stream, as bytes say: right, or wrong in what a consumer can see. Its memory is of the exact size. */
#ifndef ARROW_H
#define ARROW_H
#include "../CConsumer/arrow_stream.h"
#include "host.h"

enum { FIELDS = 4 };
static const char *const formats[] = {"g", "f", "e", "c", "C", "s", "S", "i", "I", "l", "L", "b", "u", "n", "+l", "w:4", "", "gg", "\xff"};
static const uint8_t widths[] = {8, 4, 2, 1, 1, 2, 2, 4, 4, 8, 8, 0};
enum { FORMATS = sizeof formats / sizeof *formats, NUMBERS = sizeof widths };

static struct { int columns, batches, living; uint8_t format[FIELDS]; } table;

static void release_arrow_schema(struct ArrowSchema *schema) {
  MUST(schema->release != NULL);
  schema->release = NULL, table.living--;
}
static void release_arrow_array(struct ArrowArray *array) {
  MUST(array->release != NULL);
  array->release = NULL, table.living--;
}
static void release_arrow_stream(struct ArrowArrayStream *stream) {
  MUST(stream->release != NULL && table.living == 0);
  stream->release = NULL;
}
static const char *arrow_words(struct ArrowArrayStream *stream) { return (void)stream, byte() % 2 ? NULL : "no %s \xff"; }

static int arrow_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  if (byte() == 255) return 5;
  *out = (struct ArrowSchema){.format = odd() ? formats[byte() % FORMATS] : "+s", .name = "", .release = release_arrow_schema};
  out->n_children = odd() ? whole() % FIELDS : table.columns;
  out->children = odd() ? NULL : block(FIELDS * sizeof *out->children);
  for (int j = 0; out->children && j < FIELDS; j++) {
    struct ArrowSchema *child = block(sizeof *child);
    *child = (struct ArrowSchema){.format = formats[table.format[j]], .name = byte() % 8 ? names[j] : NULL, .release = release_arrow_schema};
    if (byte() % 8 == 7) *(child->dictionary = block(sizeof *child)) = (struct ArrowSchema){.format = "u"};
    out->children[j] = byte() == 255 ? NULL : child;
  }
  table.living++;
  return 0;
}

/* With validity where it has some. */
static const void *arrow_bits(int64_t count) {
  if (byte() < 200) return NULL;
  uint8_t *bits = block((size_t)(count + 7) / 8);
  for (int64_t i = 0; i < (count + 7) / 8; i++) bits[i] = byte() < 250 ? 255 : byte();
  return bits;
}

static struct ArrowArray *arrow_column(uint8_t format, int64_t rows) {
  struct ArrowArray *array = block(sizeof *array);
  int64_t offset = byte() % 4, length = rows + byte() % 3, held = offset + length;
  const void **buffers = block(3 * sizeof *buffers);
  uint8_t *values = block(format < NUMBERS ? (size_t)(widths[format] ? widths[format] * held : (held + 7) / 8) : 0);
  uint8_t step = byte();
  for (int64_t i = 0; format < NUMBERS && i < (widths[format] ? widths[format] * held : (held + 7) / 8); i++) values[i] = (uint8_t)(step * i) & 63;
  buffers[0] = arrow_bits(held), buffers[1] = odd() ? NULL : values, buffers[2] = NULL;
  *array = (struct ArrowArray){.length = length, .null_count = byte() % 3 - 1, .offset = offset, .n_buffers = 2, .buffers = buffers};
  if (odd()) array->n_buffers = byte() % 2;
  if (odd()) array->buffers = NULL;
  if (odd()) array->length = byte() % 2 ? -length : 0;
  if (odd()) array->offset = -1 - byte();
  if (byte() % 8 == 7) {
    struct ArrowArray *words = array->dictionary = block(sizeof *words);
    int32_t *ends = block(3 * sizeof *ends);
    ends[0] = 0, ends[1] = byte() % 3, ends[2] = odd() ? -1 : ends[1] + byte() % 2;
    char *characters = block(4);
    memset(characters, byte(), 4);
    const void **parts = block(3 * sizeof *parts);
    parts[0] = NULL, parts[1] = odd() ? NULL : ends, parts[2] = odd() ? NULL : characters;
    *words = (struct ArrowArray){.length = odd() ? -1 : 2, .n_buffers = odd() ? byte() % 3 : 3, .buffers = odd() ? NULL : parts};
  }
  return array;
}

static int arrow_batch(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  *out = (struct ArrowArray){0};
  if (byte() == 255) return 22;
  if (table.batches-- <= 0) return 0;
  int64_t rows = byte() % 20, offset = byte() % 16 ? 0 : byte() % 3;
  const void **buffers = block(sizeof *buffers);
  *buffers = arrow_bits(offset + rows);
  *out = (struct ArrowArray){.length = rows, .null_count = byte() % 2 - 1, .offset = offset, .n_buffers = 1, .buffers = buffers};
  out->n_children = odd() ? whole() % FIELDS : table.columns;
  out->children = odd() ? NULL : block(FIELDS * sizeof *out->children);
  for (int j = 0; out->children && j < FIELDS; j++) out->children[j] = byte() == 255 ? NULL : arrow_column(table.format[j], offset + rows);
  if (odd()) out->length = byte() % 2 ? -1 : INT64_MAX - byte(), out->offset = byte() % 2 ? -1 : INT64_MAX;
  out->release = release_arrow_array, table.living++;
  return 0;
}

/* The stream is the library's from the call on. */
static stein_status move_arrow(const stein_context *context, const char *text, stein_dataset **made) {
  struct ArrowArrayStream stream = {arrow_schema, arrow_batch, arrow_words, release_arrow_stream, NULL};
  table.columns = 1 + byte() % FIELDS, table.batches = byte() % 4, table.living = 0;
  for (int j = 0; j < FIELDS; j++) table.format[j] = byte() < 230 ? byte() % NUMBERS : byte() % FORMATS;
  if (odd()) stream.get_schema = NULL;
  if (odd()) stream.get_next = NULL;
  if (odd()) stream.get_last_error = NULL;
  stein_status status = stein_dataset_move_arrow(context, &stream, text, made, &error);
  MUST(!stream.release && table.living == 0);
  return status;
}
#endif
