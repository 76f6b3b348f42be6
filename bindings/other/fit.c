/* What each program of this folder does: fits a model to rows made in memory, draws from it, and runs chains on a density of its own. It writes
 * the rows drawn (float32) and the chains' draws (float64), so that all can be compared to the byte.   fit OUT */
#include <stdio.h>
#include <stdlib.h>

#include "stein.h"

static stein_error error = {sizeof error, 0, 0, 0, "", ""};

static void check(stein_status status) {
  if (status == STEIN_OK) return;
  fprintf(stderr, "%s\n", error.message);
  exit(1);
}

/* ln p(x, y) = -x^2/2 - 2 (y - x^2)^2 */
static int32_t density_of(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  for (int64_t i = 0; i < n; i++, x += d, score += d) {
    double off = x[1] - x[0] * x[0];
    log_density[i] = -0.5 * x[0] * x[0] - 2 * off * off;
    score[0] = -x[0] + 8 * x[0] * off;
    score[1] = -4 * off;
  }
  ++*(int *)user;
  return 0;
}

int main(int argc, char **argv) {
  enum { N = 200, M = 100, CHAINS = 2, DRAWS = 100 };
  static double rows[N][2], draws[CHAINS][DRAWS][2];
  static float drawn[M][2];
  for (int i = 0; i < N; i++) {
    double a = i * 37 % 101 / 50.0 - 1, b = i * 53 % 89 / 44.0 - 1;
    rows[i][0] = a, rows[i][1] = a * a + b / 4;
  }
  int64_t shape[] = {N, 2}, many[] = {M, 2}, paths[] = {CHAINS, DRAWS, 2};
  stein_tensor data = stein_float64(rows[0], 2, shape), out = stein_float32(drawn[0], 2, many), path = stein_float64(draws[0][0], 3, paths);
  stein_context *context;
  stein_dataset *dataset;
  stein_model *model;
  stein_trainer *trainer;
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_dataset_new(context, &data, NULL, NULL, &dataset, &error));
  check(stein_model_new(context, dataset, "widths=32,32", &model, &error));
  check(stein_trainer_new(model, dataset, "steps=400 seed=1", &trainer, &error));
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));
  check(stein_sample(model, NULL, NULL, "seed=7", &out, NULL, &error));

  int calls = 0;
  stein_density *density;
  stein_chains *chains;
  check(stein_density_new(context, 2, density_of, &calls, NULL, &density, &error));
  check(stein_chains_new(density, "chains=2 warmup=200 seed=3", NULL, &chains, &error));
  check(stein_chains_run(chains, &path, NULL, NULL, &error));

  FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;
  if (!file || !fwrite(drawn, sizeof drawn, 1, file) || !fwrite(draws, sizeof draws, 1, file) || fclose(file)) return 2;
  printf("C: %d rows, first %.4f %.4f; %d calls of the density\n", M, drawn[0][0], drawn[0][1], calls);
  stein_chains_free(chains), stein_density_free(density), stein_trainer_free(trainer), stein_model_free(model), stein_dataset_free(dataset);
  return stein_context_free(context);
}
