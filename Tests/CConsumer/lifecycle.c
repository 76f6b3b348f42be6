/* Objects in any order, text and bytes into the caller's buffers, and the files in between. R6, R7, R8, R9, R14, R15. */
#include <unistd.h>

#include "check.h"

/* The bytes of a model trained, and of samples drawn, with so many threads. R15. */
static size_t bytes_with(const char *threads, unsigned char *bytes, size_t capacity, float *samples) {
  stein_context *context = NULL;
  CHECK(stein_context_new(threads, NULL, &context, &error) == STEIN_OK);
  stein_dataset *dataset = make_rows(context, 500);
  stein_model *model = make_trained(context, dataset, "widths=48,48");
  uint64_t size = 0;
  CHECK(stein_model_write(model, bytes, capacity, &size, &error) == STEIN_OK);
  int64_t shape[] = {300, 3};
  stein_tensor out = stein_float32(samples, 2, shape);
  CHECK(stein_sample(model, NULL, NULL, "seed=11", &out, NULL, &error) == STEIN_OK);
  stein_model_free(model), stein_dataset_free(dataset), stein_context_free(context);
  return (size_t)size;
}

/* A trace: a file that can't be made, one that is whole JSON at any time, and two contexts with one file. */
static void traced(void) {
  stein_context *context = NULL;
  CHECK(stein_context_new("trace=none/such/trace", NULL, &context, &error) == STEIN_NO_FILE && !context && strcmp(error.option, "trace") == 0);
  CHECK(stein_context_new("threads=2 trace=lifecycle.trace", NULL, &context, &error) == STEIN_OK);
  stein_context *second = NULL;
  CHECK(stein_context_new("trace=lifecycle.trace", NULL, &second, &error) == STEIN_IO && !second);
  stein_dataset *traced = make_rows(context, 100);
  stein_model *watched = make_trained(context, traced, "widths=8");
  CHECK(stein_context_check_trace(context, &error) == STEIN_OK && stein_context_check_trace(NULL, &error) == STEIN_BAD_HANDLE);
  static char events[1 << 20];
  FILE *file = fopen("lifecycle.trace", "r");
  size_t read = file ? fread(events, 1, sizeof events - 1, file) : 0;
  CHECK(file && fclose(file) == 0 && read > 100 && strncmp(events, "[\n{", 3) == 0 && strstr(events, "\"name\":\"training step\""));
  stein_model_free(watched), stein_dataset_free(traced), stein_context_free(context);
  remove("lifecycle.trace");
}

int main(void) {
  static unsigned char with_one[1 << 18], with_two[1 << 18];
  static float drawn_one[900], drawn_two[900];
  size_t bytes_one = bytes_with("threads=1", with_one, sizeof with_one, drawn_one);
  CHECK(bytes_one == bytes_with("threads=2", with_two, sizeof with_two, drawn_two) && bytes_one > 1000);
  CHECK(memcmp(with_one, with_two, bytes_one) == 0 && memcmp(drawn_one, drawn_two, sizeof drawn_one) == 0);

  CHECK(strcmp(stein_version(), "0.2.0") == 0);
  CHECK(strcmp(stein_status_name(STEIN_BUSY), "STEIN_BUSY") == 0 && strcmp(stein_status_name(7), "unknown") == 0);
  traced();
  stein_context *context = NULL;
  CHECK(stein_context_new("threads=2", NULL, &context, NULL) == STEIN_OK);
  stein_dataset *dataset = make_rows(context, 200);
  stein_model *model = make_trained(context, dataset, "widths=16");

  /* R8: the size is told first, and nothing is written into too small a buffer. */
  uint64_t needed = 0, size;
  char small[4] = "abc";
  CHECK(stein_model_describe(model, NULL, 0, &needed, &error) == STEIN_BUFFER_TOO_SMALL && needed > 100);
  CHECK(stein_model_describe(model, small, sizeof small, &size, &error) == STEIN_BUFFER_TOO_SMALL && size == needed && strcmp(small, "abc") == 0);
  char *text = malloc(needed);
  CHECK(stein_model_describe(model, text, needed, &size, &error) == STEIN_OK && strlen(text) + 1 == needed);
  CHECK(strstr(text, "\"family\":\"score_mlp\"") != NULL);

  /* Files and memory hold the same bytes; a file is replaced whole. */
  CHECK(stein_model_save(model, "lifecycle.model", &error) == STEIN_OK && stein_model_save(model, "lifecycle.model", &error) == STEIN_OK);
  CHECK(stein_model_write(model, NULL, 0, &size, &error) == STEIN_BUFFER_TOO_SMALL);
  char *bytes = malloc(size), *file = malloc(size);
  CHECK(stein_model_write(model, bytes, size, &needed, &error) == STEIN_OK);
  FILE *stream = fopen("lifecycle.model", "rb");
  CHECK(stream && fread(file, 1, size, stream) == size && memcmp(file, bytes, size) == 0);
  if (stream) fclose(stream);
  stein_model *copy = NULL, *loaded = NULL;
  CHECK(stein_model_read(context, bytes, size, &copy, &error) == STEIN_OK);
  memset(bytes, 0, size); /* R7: borrowed for the call alone */
  CHECK(stein_model_load(context, "lifecycle.model", &loaded, &error) == STEIN_OK);
  unlink("lifecycle.model");

  /* R6: parents first; what was made from them lives on. */
  CHECK(stein_dataset_free(dataset) == STEIN_OK && stein_context_free(context) == STEIN_OK);
  CHECK(stein_dataset_free(dataset) == STEIN_BAD_HANDLE && stein_context_free(NULL) == STEIN_OK);
  float first[30], second[30], third[30];
  int64_t shape[] = {10, 3};
  stein_tensor a = stein_float32(first, 2, shape), b = stein_float32(second, 2, shape), c = stein_float32(third, 2, shape);
  CHECK(stein_sample(model, NULL, NULL, "seed=3", &a, NULL, &error) == STEIN_OK);
  CHECK(stein_sample(copy, NULL, NULL, "seed=3", &b, NULL, &error) == STEIN_OK);
  CHECK(stein_sample(loaded, NULL, NULL, "seed=3", &c, NULL, &error) == STEIN_OK);
  CHECK(memcmp(first, second, sizeof first) == 0 && memcmp(first, third, sizeof first) == 0);

  /* R3: an output may be exactly an input, and overlap one in no other way. */
  CHECK(stein_model_denoise(model, &a, NULL, 0.5, &b, NULL, &error) == STEIN_OK);
  CHECK(stein_model_denoise(model, &a, NULL, 0.5, &a, NULL, &error) == STEIN_OK && memcmp(first, second, sizeof first) == 0);
  shape[0] = 9;
  int64_t nine[] = {9, 3};
  stein_tensor shifted = stein_float32(first + 3, 2, nine);
  CHECK(stein_model_denoise(model, &a, NULL, 0.5, &shifted, NULL, &error) == STEIN_BAD_SHAPE && error.parameter == 5);

  /* A kind of options that there is not: those there are. */
  uint64_t needed_bytes;
  CHECK(stein_options_describe("trainers", NULL, 0, &needed_bytes, &error) == STEIN_BAD_VALUE && strstr(error.message, "import_weights") != NULL);

  /* Nothing to draw is nothing done. */
  shape[0] = 0;
  CHECK(stein_sample(model, NULL, NULL, NULL, &a, NULL, &error) == STEIN_OK);
  free(text), free(bytes), free(file);
  CHECK(stein_model_free(model) == STEIN_OK && stein_model_free(copy) == STEIN_OK && stein_model_free(loaded) == STEIN_OK);
  return report("lifecycle");
}
