/* How likely is a row? ln p(x) in nats along the probability flow, with its
 * error, on rows held out from training.
 *
 * Two checks come with it. A Gaussian's ln p is known at once and by the
 * flow: both must agree. And a network that knows more of the table than its
 * mean and covariance gives held-out rows more nats than the Gaussian does.
 * likelihood wine.csv */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stein.h"

static stein_error error = STEIN_ERROR_INIT;

static void check(stein_status status) {
  if (status == STEIN_OK) return;
  fprintf(stderr, "%s: %s\n", stein_status_name(status), error.message);
  exit(1);
}

enum { D = 13, MOST = 1000 };
static double table[MOST * D], train[MOST * D], test[MOST * D];

/* Numbers of a .csv with a header, without its last column (the class). */
static int read_table(const char *path, double *values, int most,
                      int columns) {
  char line[4096];
  int rows = 0;
  FILE *file = fopen(path, "r");
  if (!file || !fgets(line, sizeof line, file)) {
    fprintf(stderr, "%s can't be read\n", path);
    exit(1);
  }
  while (rows < most && fgets(line, sizeof line, file)) {
    char *place = line;
    for (int j = 0; j < columns; j++, place += *place == ',')
      values[rows * columns + j] = strtod(place, &place);
    rows++;
  }
  fclose(file);
  return rows;
}

static stein_model *fitted(const stein_context *context,
                           const stein_dataset *rows, const char *options) {
  stein_model *model;
  stein_trainer *trainer;
  check(stein_model_new(context, rows, options, &model, &error));
  /* Few rows: stopped on some of them, since what is asked is the density of
   * rows not seen. */
  const char *steps =
      options ? NULL : "seed=1 steps=500 rate=0.001 validation=0.15 patience=8";
  check(stein_trainer_new(model, rows, steps, &trainer, &error));
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));
  stein_trainer_free(trainer);
  return model;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s wine.csv\n", argv[0]);
    return 2;
  }
  int count = read_table(argv[1], table, MOST, D), learnt = 0, held = 0;
  /* The file is sorted by class, so every fourth row is held out. */
  for (int i = 0; i < count; i++) {
    double *to = i % 4 == 1 ? test + D * held++ : train + D * learnt++;
    for (int j = 0; j < D; j++) to[j] = table[i * D + j];
  }
  stein_context *context;
  stein_dataset *dataset;
  int64_t shape[] = {learnt, D}, others[] = {held, D}, each[] = {held};
  stein_tensor rows = stein_float64(train, 2, shape),
               x = stein_float64(test, 2, others);
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_dataset_new(context, &rows, NULL, NULL, &dataset, &error));
  stein_model *network = fitted(context, dataset, NULL),
              *gaussian = fitted(context, dataset, "family=gaussian");

  static double own[MOST], errors[MOST], flow[MOST], known[MOST];
  stein_tensor own_out = stein_float64(own, 1, each),
               errors_out = stein_float64(errors, 1, each);
  stein_tensor flow_out = stein_float64(flow, 1, each),
               known_out = stein_float64(known, 1, each);
  /* One level for all: 0.1 of each column's scale, below which 134 rows tell
   * little. */
  check(stein_model_log_likelihood(network, &x, NULL, "sigma=0.1", &own_out,
                                   &errors_out, NULL, &error));
  check(stein_model_log_likelihood(gaussian, &x, NULL,
                                   "sigma=0.1 method=flow", &flow_out, NULL,
                                   NULL, &error));
  check(stein_model_log_likelihood(gaussian, &x, NULL,
                                   "sigma=0.1 method=density", &known_out,
                                   NULL, NULL, &error));

  double gain = 0, square = 0, worst = 0, apart = 0, mean = 0;
  for (int i = 0; i < held; i++) {
    mean += own[i] / held, gain += (own[i] - known[i]) / held;
    worst = fmax(worst, errors[i]),
    apart = fmax(apart, fabs(flow[i] - known[i]));
  }
  for (int i = 0; i < held; i++)
    square += pow(own[i] - known[i] - gain, 2) / held;
  printf(
      "a Gaussian's ln p by the flow and at once: at most %.1e nats apart\n",
      apart);
  printf("held-out ln p %.2f nats a row (the flow's largest error %.1e); "
         "%.2f +- %.2f more than a Gaussian's\n",
         mean, worst, gain, sqrt(square / held));
  stein_model_free(gaussian), stein_model_free(network),
      stein_dataset_free(dataset), stein_context_free(context);
  return !(isfinite(mean) && apart < 0.01 && worst < 0.1 && gain > -0.5);
}
