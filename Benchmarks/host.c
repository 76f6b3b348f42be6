/* What a program that loads the library sees.
 *
 *     host LIBRARY samples MODEL      prints ms=...: from before dlopen to 100 samples of a saved model
 *     host LIBRARY train THREADS      prints resident_mb=...: the most memory of this process when it trains W2 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stein.h"

static stein_error error = {sizeof error, 0, 0, 0, "", ""};
static void *library;

static void check(stein_status status) {
  if (status == STEIN_OK) return;
  fprintf(stderr, "%s\n", error.message);
  exit(1);
}

static void *symbol(const char *name) {
  void *found = dlsym(library, name);
  if (!found) fprintf(stderr, "%s\n", dlerror()), exit(1);
  return found;
}
#define CALL(function) ((__typeof__(&function))symbol(#function))

static double milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void open_library(const char *path) {
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) fprintf(stderr, "%s\n", dlerror()), exit(1);
}

static void sample(stein_context *context, const char *path) {
  stein_model *model;
  int32_t axes;
  int64_t shape[5] = {0};
  check(CALL(stein_model_load)(context, path, &model, &error));
  check(CALL(stein_model_shape)(model, &axes, shape, &error));
  shape[0] = 100;
  float *rows = malloc(sizeof *rows * (size_t)(shape[0] * shape[1]));
  stein_tensor out = stein_float32(rows, axes, shape);
  check(CALL(stein_sample)(model, NULL, NULL, NULL, &out, NULL, &error));
}

/* 100,000 rows of 64 columns, two modes of width 0.3, roughly normal. */
static void train(stein_context *context) {
  enum { N = 100000, D = 64 };
  float *values = malloc(sizeof *values * N * D);
  for (int i = 0; i < N; i++) {
    float centre = rand() % 2 ? 1 : -1;
    for (int j = 0; j < D; j++)
      values[i * D + j] = centre + 0.6f * ((float)rand() + (float)rand() + (float)rand() - 1.5f * (float)RAND_MAX) / (float)RAND_MAX;
  }
  int64_t shape[] = {N, D};
  stein_tensor rows = stein_float32(values, 2, shape);
  stein_dataset *dataset;
  stein_model *model;
  stein_trainer *trainer;
  check(CALL(stein_dataset_new)(context, &rows, NULL, NULL, &dataset, &error));
  free(values);
  check(CALL(stein_model_new)(context, dataset, "widths=512,512,512 residual=false embedding=log parameterization=score scale=none", &model, &error));
  check(CALL(stein_trainer_new)(model, dataset, "batch=1024 steps=20 validation=0 clip=0 checks=1 sigma_max=1", &trainer, &error));
  check(CALL(stein_trainer_run)(trainer, 0, NULL, NULL, &error));
}

static void print_memory(void) {
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  while (status && fgets(line, sizeof line, status))
    if (strncmp(line, "VmHWM:", 6) == 0) printf("resident_mb=%.1f\n", atof(line + 6) / 1024);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int sampling = strcmp(argv[2], "samples") == 0;
  char options[64] = "";
  if (!sampling) snprintf(options, sizeof options, "threads=%s", argv[3]);
  double start = milliseconds();
  open_library(argv[1]);
  stein_context *context;
  check(CALL(stein_context_new)(options, NULL, &context, &error));
  if (sampling) {
    sample(context, argv[3]);
    printf("ms=%.2f\n", milliseconds() - start);
  } else {
    train(context);
    print_memory();
  }
  return 0;
}
