/* Markov chains on a density of one's own: a bent one, y near x^2, by NUTS.
 *
 *     ln p(x, y) = -x^2/2 - (y - x^2)^2/(2 s^2),  s = 0.3:   E x = 0,  E y =
 * 1,  E x^2 = 1
 *
 * The means come with their errors, sd/sqrt(effective sample size), and with
 * R-hat, which says whether the chains agree.   chains */
#include <inttypes.h>
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

/* n points at once: the points of all chains come together. */
static int32_t bent(void *user, int64_t n, int64_t d, const double *x,
                    double *log_density, double *score) {
  const double s = *(const double *)user;
  for (int64_t i = 0; i < n; i++, x += d, score += d) {
    double off = (x[1] - x[0] * x[0]) / (s * s);
    log_density[i] = -0.5 * x[0] * x[0] - 0.5 * s * s * off * off;
    score[0] = -x[0] + 2 * x[0] * off;
    score[1] = -off;
  }
  return 0;
}

int main(void) {
  enum { CHAINS = 4, DRAWS = 4000, D = 2 };
  double s = 0.3;
  stein_context *context;
  stein_density *density;
  stein_chains *chains;
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_density_new(context, D, bent, &s, NULL, &density, &error));
  check(stein_chains_new(
      density,
      "kernel=nuts chains=4 warmup=1000 target_acceptance=0.95 seed=1", NULL,
      &chains, &error));

  double *draws = malloc(sizeof *draws * CHAINS * DRAWS * D),
         *statistics = malloc(sizeof *statistics * CHAINS * DRAWS * 5);
  int64_t shape[] = {CHAINS, DRAWS, D}, columns[] = {CHAINS, DRAWS, 5},
          each[] = {D};
  stein_tensor out = stein_float64(draws, 3, shape),
               kept = stein_float64(statistics, 3, columns);
  check(stein_chains_run(chains, &out, &kept, NULL, &error));

  double rhat[D], size[D];
  stein_tensor agreement = stein_float64(rhat, 1, each),
               effective = stein_float64(size, 1, each);
  check(stein_rhat(context, &out, &agreement, NULL, &error));
  check(stein_effective_sample_size(context, &out, "kind=mean", &effective,
                                    NULL, &error));

  const double truth[] = {0, 1};
  int wrong = 0, divergent = 0;
  for (int64_t i = 0; i < CHAINS * DRAWS; i++)
    divergent += statistics[5 * i + 3] > 0;
  for (int j = 0; j < D; j++) {
    double mean = 0, square = 0;
    for (int64_t i = 0; i < CHAINS * DRAWS; i++)
      mean += draws[D * i + j] / (CHAINS * DRAWS);
    for (int64_t i = 0; i < CHAINS * DRAWS; i++)
      square += (draws[D * i + j] - mean) * (draws[D * i + j] - mean) /
                (CHAINS * DRAWS);
    double own = sqrt(square / size[j]);
    printf("E %c = %6.3f +- %.3f (true %.0f), R-hat %.3f, effective sample "
           "size %.0f\n",
           "xy"[j], mean, own, truth[j], rhat[j], size[j]);
    wrong += fabs(mean - truth[j]) > 5 * own || rhat[j] > 1.02;
  }
  printf("%d of %d draws divergent\n", divergent, CHAINS * DRAWS);
  free(draws), free(statistics);
  stein_chains_free(chains), stein_density_free(density),
      stein_context_free(context);
  return wrong;
}
