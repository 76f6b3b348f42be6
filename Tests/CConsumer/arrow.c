/* Tables through the Arrow C stream, made by hand: every type, bitmaps, offsets, batches, dictionaries, and what does not fit. Each stream, schema and
 * batch is released once on every path. */
#include "arrow_stream.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16, COLUMNS = 12 };
static int schemas, arrays, streams; /* living */

struct table {
  int columns, batches, served, fail_schema, fail_batch;
  const char *formats[MOST], *names[MOST];
  struct ArrowArray made[4];
  int dictionary; /* a column, or -1 */
};

static void release_schema(struct ArrowSchema *schema) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (schema->children[i]->dictionary) free(schema->children[i]->dictionary);
    free(schema->children[i]);
  }
  free(schema->children);
  schema->release = NULL, schemas--;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  struct table *table = stream->private_data;
  if (table->fail_schema) return 5;
  memset(out, 0, sizeof *out);
  out->format = "+s", out->name = "", out->n_children = table->columns;
  out->children = calloc((size_t)table->columns, sizeof *out->children);
  for (int i = 0; i < table->columns; i++) {
    struct ArrowSchema *child = out->children[i] = calloc(1, sizeof *child);
    child->format = table->formats[i], child->name = table->names[i];
    if (i == table->dictionary) child->dictionary = calloc(1, sizeof *child), child->dictionary->format = "u";
  }
  out->release = release_schema, schemas++;
  return 0;
}

static void release_array(struct ArrowArray *array) { array->release = NULL, arrays--; }

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct table *table = stream->private_data;
  if (table->fail_batch && table->served + 1 == table->fail_batch) return 22;
  memset(out, 0, sizeof *out);
  if (table->served == table->batches) return 0;
  *out = table->made[table->served++];
  out->release = release_array, arrays++;
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) { return ((struct table *)stream->private_data)->fail_schema ? "no %s today" : NULL; }
static void release_stream(struct ArrowArrayStream *stream) { stream->release = NULL, streams--; }

static struct ArrowArrayStream stream_of(struct table *table) {
  streams++, table->served = 0;
  return (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, table};
}

static stein_context *context;

/* Moves the table; afterwards nothing of it lives. */
static stein_status move(struct table *table, const char *options, stein_dataset **dataset) {
  struct ArrowArrayStream stream = stream_of(table);
  *dataset = NULL;
  stein_status status = stein_dataset_move_arrow(context, &stream, options, dataset, &error);
  CHECK(!stream.release && !schemas && !arrays && !streams);
  CHECK((status == STEIN_OK) == (*dataset != NULL));
  return status;
}

static double means[MOST];
static void read_means(stein_dataset *dataset) {
  static char json[1 << 14];
  uint64_t needed;
  CHECK(stein_dataset_describe(dataset, json, sizeof json, &needed, &error) == STEIN_OK);
  char *at = strstr(json, "\"mean\":[");
  for (int i = 0; at && i < MOST; i++) means[i] = strtod(at + (i ? 1 : 8), &at);
}

/* The values 1, 2, 4 in every type, behind one that must not be read; a batch of rows 1 and 2 and one of row 4. */
static int8_t i8[] = {9, 1, 2, 4};
static uint8_t u8[] = {9, 1, 2, 4}, bits[] = {0x0a /* 0 1 0 1: rows 1, 0, 1 */}, valid[] = {0x0e}, holes[] = {0x0a};
static int16_t i16[] = {9, 1, 2, 4};
static uint16_t u16[] = {9, 1, 2, 4}, half[] = {0x4880, 0x3c00, 0x4000, 0x4400};
static int32_t i32[] = {9, 1, 2, 4}, ends[] = {0, 1, 2, 3, 4, 5};
static uint32_t u32[] = {9, 1, 2, 4};
static int64_t i64[] = {9, 1, 2, 4};
static uint64_t u64[] = {9, 1, 2, 4};
static float f32[] = {9, 1, 2, 4};
static double f64[] = {9, 1, 2, 4};
static const void *data[COLUMNS] = {i8, u8, i16, u16, i32, u32, i64, u64, half, f32, f64, bits};
static const char *letters[COLUMNS] = {"c", "C", "s", "S", "i", "I", "l", "L", "e", "f", "g", "b"};

static const void *buffers[2][MOST][2];
static struct ArrowArray columns[2][MOST], words[2];
static struct ArrowArray *children[2][MOST];
static const void *word_buffers[2][3], *none[1];

/* Column c of batch b: `validity` or NULL, values that begin at element `offset`. */
static void fill(int b, int c, const void *validity, const void *values, int64_t length, int64_t offset) {
  buffers[b][c][0] = validity, buffers[b][c][1] = values;
  columns[b][c] = (struct ArrowArray){length, validity ? -1 : 0, offset, 2, 0, buffers[b][c], NULL, NULL, NULL, NULL};
  children[b][c] = &columns[b][c];
}

static struct table every_type(void) {
  struct table table = {.columns = COLUMNS, .batches = 2, .dictionary = -1};
  static char names[COLUMNS][4];
  for (int c = 0; c < COLUMNS; c++) {
    snprintf(names[c], sizeof names[c], "x%d", c);
    table.formats[c] = letters[c], table.names[c] = names[c];
    /* The first batch begins at the struct's offset, the second at its columns'. */
    fill(0, c, c % 2 ? valid : NULL, data[c], 4, 0);
    fill(1, c, NULL, data[c], 1, 3);
  }
  table.made[0] = (struct ArrowArray){2, 0, 1, 1, COLUMNS, none, children[0], NULL, NULL, NULL};
  table.made[1] = (struct ArrowArray){1, 0, 0, 1, COLUMNS, none, children[1], NULL, NULL, NULL};
  return table;
}

int main(void) {
  stein_dataset *dataset;
  CHECK(stein_context_new("threads=1", NULL, &context, &error) == STEIN_OK);

  struct table table = every_type();
  CHECK(move(&table, NULL, &dataset) == STEIN_OK);
  int32_t axes;
  int64_t shape[5];
  CHECK(stein_dataset_shape(dataset, &axes, shape, &error) == STEIN_OK && axes == 2 && shape[0] == 3 && shape[1] == COLUMNS);
  read_means(dataset);
  for (int c = 0; c < COLUMNS; c++) CHECK(fabs(means[c] - (c == COLUMNS - 1 ? 2.0 : 7.0) / 3) < 1e-9);
  stein_dataset_free(dataset);

  /* The same rows as one tensor give the same model's bytes. */
  table = every_type();
  CHECK(move(&table, "columns=x10,x2 label=x6", &dataset) == STEIN_OK);
  stein_model *model, *twin;
  CHECK(stein_model_new(context, dataset, "widths=4", &model, &error) == STEIN_OK);
  double rows[] = {1, 1, 2, 2, 4, 4};
  int64_t classes[] = {1, 2, 4}, two[] = {3, 2}, one[] = {3};
  stein_tensor tensor = stein_float64(rows, 2, two), labels = stein_int64(classes, 1, one);
  stein_dataset *same;
  CHECK(stein_dataset_new(context, &tensor, &labels, "names=x10,x2", &same, &error) == STEIN_OK);
  CHECK(stein_model_new(context, same, "widths=4", &twin, &error) == STEIN_OK);
  static char mine[1 << 16], theirs[1 << 16];
  uint64_t size, other;
  CHECK(stein_model_write(model, mine, sizeof mine, &size, &error) == STEIN_OK);
  CHECK(stein_model_write(twin, theirs, sizeof theirs, &other, &error) == STEIN_OK);
  CHECK(size == other && !memcmp(mine, theirs, size));
  stein_model_free(model), stein_model_free(twin), stein_dataset_free(same), stein_dataset_free(dataset);

  /* A missing value, in a column or of a whole row. */
  table = every_type();
  fill(0, 4, holes, i32, 4, 0);
  CHECK(move(&table, NULL, &dataset) == STEIN_BAD_VALUE && strstr(error.message, "row 1, column 'x4'") && error.parameter == 2);
  table = every_type();
  CHECK(move(&table, "columns=x0,x1", &dataset) == STEIN_OK);
  stein_dataset_free(dataset);
  table = every_type();
  const void *row_holes[] = {holes};
  table.made[0].null_count = 1, table.made[0].buffers = row_holes;
  CHECK(move(&table, NULL, &dataset) == STEIN_BAD_VALUE && strstr(error.message, "row 1, column 'x0'"));

  /* Columns that are no numbers are in the way only if they are wanted. */
  table = every_type();
  table.formats[3] = "u";
  CHECK(move(&table, NULL, &dataset) == STEIN_UNSUPPORTED && strstr(error.message, "'x3') has the Arrow format 'u'"));
  table = every_type();
  table.formats[3] = "+l";
  CHECK(move(&table, "columns=4,-1 names=a,b", &dataset) == STEIN_OK);
  read_means(dataset);
  CHECK(fabs(means[0] - 7.0 / 3) < 1e-9 && fabs(means[1] - 2.0 / 3) < 1e-9);
  stein_dataset_free(dataset);
  table = every_type();
  CHECK(move(&table, "columns=x99", &dataset) == STEIN_BAD_OPTION && !strcmp(error.option, "columns"));
  table = every_type();
  CHECK(move(&table, "separator=comma", &dataset) == STEIN_BAD_OPTION);
  table = every_type();
  CHECK(move(&table, "label=x10 columns=x1,x9", &dataset) == STEIN_OK);
  stein_dataset_free(dataset);
  table = every_type();
  f64[1] = 1.5;
  CHECK(move(&table, "label=x10 columns=x1,x9", &dataset) == STEIN_BAD_VALUE && strstr(error.message, "whole numbers"));
  f64[1] = NAN;
  table = every_type();
  CHECK(move(&table, NULL, &dataset) == STEIN_NOT_FINITE);
  f64[1] = 1;

  /* A dictionary's places; one that changes from batch to batch. */
  for (int b = 0; b < 2; b++) {
    word_buffers[b][1] = ends, word_buffers[b][2] = "abcde";
    words[b] = (struct ArrowArray){5, 0, 0, 3, 0, word_buffers[b], NULL, NULL, NULL, NULL};
  }
  table = every_type();
  table.dictionary = 4;
  for (int b = 0; b < 2; b++) columns[b][4].dictionary = &words[b];
  CHECK(move(&table, "label=x4 columns=x1,x9", &dataset) == STEIN_OK);
  stein_dataset_free(dataset);
  table = every_type();
  table.dictionary = 4;
  for (int b = 0; b < 2; b++) columns[b][4].dictionary = &words[b];
  word_buffers[1][2] = "abXde";
  CHECK(move(&table, NULL, &dataset) == STEIN_UNSUPPORTED && strstr(error.message, "different dictionaries"));

  table = every_type();
  table.dictionary = 4;
  for (int b = 0; b < 2; b++) columns[b][4].dictionary = &words[b];
  word_buffers[0][2] = word_buffers[1][2] = NULL; /* characters that are not there */
  CHECK(move(&table, NULL, &dataset) == STEIN_UNSUPPORTED);

  /* Producers that fail, and streams that are none. */
  table = every_type();
  table.fail_schema = 1;
  CHECK(move(&table, NULL, &dataset) == STEIN_CALLBACK_FAILED && error.callback_code == 5 && strstr(error.message, "no %s today"));
  table = every_type();
  table.fail_batch = 2;
  CHECK(move(&table, NULL, &dataset) == STEIN_CALLBACK_FAILED && error.callback_code == 22);
  table = every_type();
  table.batches = 0;
  CHECK(move(&table, NULL, &dataset) == STEIN_BAD_SHAPE);
  table = every_type();
  table.made[1].length = 0;
  CHECK(move(&table, NULL, &dataset) == STEIN_OK);
  stein_dataset_free(dataset);
  for (int spoil = 0; spoil < 9; spoil++) {
    table = every_type();
    struct ArrowArray *batch = &table.made[1];
    switch (spoil) {
      case 0: batch->n_children = 11; break;
      case 1: batch->length = 2; break; /* more than its columns hold */
      case 2: batch->length = -1; break;
      case 3: batch->offset = INT64_MAX; break;
      case 4: columns[1][5].offset = -1; break;
      case 5: columns[1][5].n_buffers = 1; break;
      case 6: buffers[1][5][1] = NULL; break;
      case 7: children[1][5] = NULL; break;
      case 8: batch->children = NULL; break;
    }
    stein_status status = move(&table, NULL, &dataset);
    CHECK(status == STEIN_BAD_SHAPE || status == STEIN_BAD_POINTER);
  }
  table = every_type();
  table.columns = 0;
  CHECK(move(&table, NULL, &dataset) == STEIN_BAD_SHAPE);

  /* The stream is taken whatever else is wrong; a released one is a state. */
  table = every_type();
  struct ArrowArrayStream stream = stream_of(&table);
  CHECK(stein_dataset_move_arrow(NULL, &stream, NULL, &dataset, &error) != STEIN_OK && !stream.release && !streams);
  CHECK(stein_dataset_move_arrow(context, &stream, NULL, &dataset, &error) == STEIN_BAD_STATE);
  CHECK(stein_dataset_move_arrow(context, NULL, NULL, &dataset, &error) == STEIN_BAD_POINTER && error.parameter == 2);
  stream = stream_of(&table);
  CHECK(stein_dataset_move_arrow(context, &stream, "nonsense=1", &dataset, &error) == STEIN_BAD_OPTION && !streams && !schemas);
  stream = stream_of(&table);
  CHECK(stein_dataset_move_arrow(context, &stream, NULL, NULL, &error) == STEIN_BAD_POINTER && !streams);
  stein_context *small;
  CHECK(stein_context_new("threads=1 memory_limit=300", NULL, &small, &error) == STEIN_OK);
  table = every_type();
  stream = stream_of(&table);
  CHECK(stein_dataset_move_arrow(small, &stream, NULL, &dataset, &error) == STEIN_OUT_OF_MEMORY && !streams && !arrays && !schemas);
  stein_context_free(small), stein_context_free(context);
  return report("arrow");
}
