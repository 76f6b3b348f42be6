/* How soon a call ends once it is cancelled, at random moments and at the largest sizes of these benchmarks: the rule is 50 ms (R17 of stein.h).
 *
 *     cc -Iinclude Benchmarks/cancel.c -Lbuild/lib -lstein -Wl,-rpath,$PWD/build/lib -lpthread -lm -o build/cancel && build/cancel [TIMES]
 *
 * Prints for each call the median, the 95th percentile and the largest wait in ms, over TIMES (30) cancelled calls. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stein.h"

static stein_error error = {sizeof error, 0, 0, 0, "", ""};
static stein_context *context;
static stein_monitor monitor;

static void check(stein_status status) {
  if (status == STEIN_OK) return;
  fprintf(stderr, "%s\n", error.message);
  exit(1);
}

static double milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static stein_dataset *normals(int64_t n, int64_t d) {
  float *data = malloc(sizeof *data * (size_t)(n * d));
  uint32_t state = 1;
  for (int64_t i = 0; i < n * d; i++) {
    float sum = 0;
    for (int k = 0; k < 4; k++) sum += (float)((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0f - 0.5f;
    data[i] = sum;
  }
  int64_t shape[] = {n, d};
  stein_tensor rows = stein_float32(data, 2, shape);
  stein_dataset *dataset = NULL;
  check(stein_dataset_new(context, &rows, NULL, NULL, &dataset, &error));
  free(data);
  return dataset;
}

static stein_dataset *dataset;
static stein_model *model;
static stein_trainer *trainer;
static float *rows, *results;
static int64_t count, dimension;

static void make(int64_t d, const char *options, const char *training) {
  stein_trainer_free(trainer), stein_model_free(model), stein_dataset_free(dataset);
  dataset = normals(100000, d);
  dimension = d;
  check(stein_model_new(context, dataset, options, &model, &error));
  check(stein_trainer_new(model, dataset, training, &trainer, &error));
  check(stein_trainer_run(trainer, 3, NULL, NULL, &error));
}

static stein_tensor of(float *data, int32_t ndim) {
  static int64_t shapes[4][2];
  static int next;
  int64_t *shape = shapes[next++ % 4];
  shape[0] = count, shape[1] = dimension;
  return stein_float32(data, ndim, shape);
}

static stein_status train(void) { return stein_trainer_run(trainer, 0, NULL, &monitor, &error); }
static stein_status langevin(void) {
  stein_tensor out = of(results, 2);
  return stein_sample(model, NULL, NULL, "sampler=langevin steps=1000000 sigma=0.1 step_size=1e-3", &out, &monitor, &error);
}
static stein_status heun(void) {
  stein_tensor out = of(results, 2);
  return stein_sample(model, NULL, NULL, "steps=1000000", &out, &monitor, &error);
}
static stein_status likelihood(void) {
  stein_tensor x = of(rows, 2), out = of(results, 1);
  return stein_model_log_likelihood(model, &x, NULL, "tolerance=1e-9 trace=exact", &out, NULL, &monitor, &error);
}
static stein_status impute(void) {
  stein_tensor x = of(rows, 2), out = of(results, 2);
  return stein_impute(model, &x, NULL, NULL, "steps=100000", &out, &monitor, &error);
}
static stein_status discrepancy(void) {
  stein_tensor x = of(rows, 2);
  double value;
  return stein_kernel_stein_discrepancy(context, &x, &x, NULL, &value, NULL, &monitor, &error);
}
static stein_status loss(void) {
  double value;
  return stein_model_loss(model, dataset, "draws=1000", &value, &monitor, &error);
}

static double asked;
static void *cancel_later(void *wait) {
  struct timespec time = {0, *(long *)wait};
  nanosleep(&time, NULL);
  asked = milliseconds();
  monitor.cancel = 1;
  return NULL;
}

static int by_size(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

static int times = 30;
static void measure(const char *what, stein_status (*call)(void)) {
  double *waits = malloc(sizeof *waits * (size_t)times);
  uint32_t state = 7;
  for (int i = 0; i < times; i++) {
    memset(&monitor, 0, sizeof monitor);
    monitor.struct_size = sizeof monitor;
    state = state * 1664525u + 1013904223u;
    long wait = 1000000 + (long)(state >> 4) % 300000000;
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_later, &wait);
    stein_status status = call();
    double ended = milliseconds();
    pthread_join(thread, NULL);
    if (status != STEIN_CANCELLED) fprintf(stderr, "%s: ended with %d %s\n", what, status, error.message), exit(1);
    waits[i] = ended - asked;
  }
  qsort(waits, (size_t)times, sizeof *waits, by_size);
  printf("%-46s median %6.2f ms, 95%% %6.2f ms, largest %6.2f ms%s\n", what, waits[times / 2], waits[times * 95 / 100], waits[times - 1],
         waits[times - 1] > 50 ? "  over 50 ms" : "");
  free(waits);
}

int main(int arguments, char **argument) {
  if (arguments > 1) times = atoi(argument[1]) > 0 ? atoi(argument[1]) : times;
  check(stein_context_new(NULL, NULL, &context, &error));
  rows = calloc(100000 * 64, sizeof *rows), results = calloc(100000 * 64, sizeof *results);
  for (int i = 0; i < 100000 * 64; i++) rows[i] = (float)((i % 1009) * 7919 % 1009) / 1009 - 0.5f;
  const char *levels = "objective=denoising schedule=ve weighting=sigma2 sigma_min=0.01 sigma_max=1 batch=1024 validation=0 checks=1 steps=100000000";
  make(64, "widths=512,512,512 activation=silu residual=false embedding=log parameterization=score scale=none", levels);
  measure("W2: training 64-512-512-512-64, batch 1,024", train);
  count = 100000;
  measure("sampling 100,000 rows of it", heun);
  measure("its loss on 100,000 rows", loss);
  count = 10000;
  measure("imputing 10,000 rows of it", impute);
  count = 1000;
  measure("likelihoods of 1,000 rows of it", likelihood);
  count = 20000;
  measure("kernel Stein discrepancy of 20,000 x 64", discrepancy);
  make(2, "widths=128,128,128 activation=silu residual=false embedding=log parameterization=score scale=none", levels);
  count = 10000;
  measure("W6: Langevin steps of 10,000 chains", langevin);
  make(32, "family=energy_mlp widths=256,256 activation=softplus noise_conditional=false scale=none",
       "objective=sliced_vr noise=0 batch=256 validation=0 checks=1 steps=100000000");
  measure("W3: training sliced, energy 32-256-256-1", train);
  make(10, "family=energy_mlp widths=256,256 activation=softplus noise_conditional=false scale=none",
       "objective=exact noise=0 batch=128 validation=0 checks=1 steps=100000000");
  measure("W4: training exact, energy 10-256-256-1", train);
  stein_trainer_free(trainer), stein_model_free(model), stein_dataset_free(dataset), stein_context_free(context);
  free(rows), free(results);
  return 0;
}
