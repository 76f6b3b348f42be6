/* What the C consumers share: a count of checks, and objects that are soon made. */
#ifndef CHECK_H
#define CHECK_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stein.h"

static int passed, failed;
static stein_error error = {sizeof error, 0, 0, 0, "", ""};

#define CHECK(condition) \
  do { \
    if (condition) { passed++; } else { failed++; printf("%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, error.message); } \
  } while (0)

/* Seconds that this process was on processors, on all its threads: what a busy machine leaves as it is. */
static inline double worked(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* 1; under memcheck (make memcheck), where all is some fifty times slower, long loops take every STEIN_EVERY-th turn. */
static inline int stride(void) {
  const char *every = getenv("STEIN_EVERY");
  return every && atoi(every) > 1 ? atoi(every) : 1;
}

static inline int report(const char *name) {
  printf("%s: %d passed, %d failed\n", name, passed, failed);
  return failed != 0;
}

/* Rows [n, 3], skewed and correlated. */
static inline stein_dataset *make_rows(const stein_context *context, int64_t n) {
  double *data = malloc(sizeof *data * (size_t)(3 * n));
  uint32_t state = 1;
  for (int64_t i = 0; i < n; i++) {
    double u[3];
    for (int j = 0; j < 3; j++) u[j] = ((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0;
    data[3 * i] = u[0] * u[0];
    data[3 * i + 1] = 10 * u[0] + u[1];
    data[3 * i + 2] = u[2] - u[1];
  }
  int64_t shape[] = {n, 3};
  stein_tensor rows = stein_float64(data, 2, shape);
  stein_dataset *dataset = NULL;
  CHECK(stein_dataset_new(context, &rows, NULL, NULL, &dataset, &error) == STEIN_OK);
  free(data);
  return dataset;
}

static inline stein_model *make_trained(const stein_context *context, const stein_dataset *dataset, const char *options) {
  stein_model *model = NULL;
  stein_trainer *trainer = NULL;
  CHECK(stein_model_new(context, dataset, options, &model, &error) == STEIN_OK);
  CHECK(stein_trainer_new(model, dataset, NULL, &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_run(trainer, 60, NULL, NULL, &error) == STEIN_OK);
  CHECK(stein_trainer_free(trainer) == STEIN_OK);
  return model;
}
#endif
