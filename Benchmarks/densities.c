/* Four log densities of posteriordb with their gradients, in the form of stein_density_fn: posteriors.py has the same in NumPy, and the
 * formulas in words. Points are on the unconstrained scale, with the Jacobians of the transforms. */
#include <math.h>
#include <stdint.h>

/* What `user` points to: Data of effective_samples.py is the same. */
typedef struct {
  int64_t rows, columns;
  /* [columns, rows], so that a loop over rows is over neighbours; eight schools: the errors of y. */
  const double *x;
  const double *y;
  /* Deviation of beta's prior, 0 if flat; GARCH: the first deviation. */
  double scale;
  /* Points that were asked for so far. */
  int64_t asked;
} bench_data;

/* ln of the half-Cauchy density of s = e^log_s with the Jacobian, up to a constant; its slope in log_s is added to *slope. */
static double half_cauchy(double log_s, double scale, double *slope) {
  const double ratio = exp(2 * log_s) / (scale * scale);
  *slope += 1 - 2 * ratio / (1 + ratio);
  return log_s - log1p(ratio);
}

/* y ~ N(x beta, s), s ~ half-Cauchy(2.5), beta ~ N(0, scale) or flat; of (beta, ln s). */
int32_t regression(void *user, int64_t n, int64_t d, const double *p, double *log_density, double *score) {
  bench_data *data = user;
  const int64_t rows = data->rows, columns = data->columns;
  if (d != columns + 1) return 1;
  double miss[rows];
  data->asked += n;
  for (int64_t i = 0; i < n; ++i, p += d, score += d) {
    const double weight = exp(-2 * p[columns]);
    const double curvature = data->scale > 0 ? 1 / (data->scale * data->scale) : 0;
    double square = 0, prior = 0;
    for (int64_t r = 0; r < rows; ++r) miss[r] = data->y[r];
    for (int64_t j = 0; j < columns; ++j) {
      const double *x = data->x + j * rows;
      for (int64_t r = 0; r < rows; ++r) miss[r] -= p[j] * x[r];
    }
#pragma omp simd reduction(+ : square)
    for (int64_t r = 0; r < rows; ++r) square += miss[r] * miss[r];
    for (int64_t j = 0; j < columns; ++j) {
      const double *x = data->x + j * rows;
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t r = 0; r < rows; ++r) sum += miss[r] * x[r];
      score[j] = weight * sum - curvature * p[j];
      prior += curvature * p[j] * p[j];
    }
    score[columns] = -rows + weight * square;
    const double own = half_cauchy(p[columns], 2.5, &score[columns]);
    log_density[i] = -rows * p[columns] - 0.5 * weight * square + own - 0.5 * prior;
  }
  return 0;
}

/* y ~ N(mu + tau z, x), z ~ N(0, 1), mu ~ N(0, 5), tau ~ half-Cauchy(5); of (z, mu, ln tau). */
int32_t eight_schools(void *user, int64_t n, int64_t d, const double *p, double *log_density, double *score) {
  bench_data *data = user;
  const int64_t schools = data->rows;
  if (d != schools + 2) return 1;
  data->asked += n;
  for (int64_t i = 0; i < n; ++i, p += d, score += d) {
    const double mu = p[schools], tau = exp(p[schools + 1]);
    double value = -0.5 * mu * mu / 25, sum = -mu / 25, along = 0;
    for (int64_t j = 0; j < schools; ++j) {
      const double miss = (data->y[j] - mu - tau * p[j]) / data->x[j], pull = miss / data->x[j];
      value -= 0.5 * (miss * miss + p[j] * p[j]);
      score[j] = tau * pull - p[j];
      sum += pull;
      along += pull * p[j];
    }
    score[schools] = sum;
    score[schools + 1] = tau * along;
    log_density[i] = value + half_cauchy(p[schools + 1], 5, &score[schools + 1]);
  }
  return 0;
}

/* Variance v' = a0 + a1 (y - mu)^2 + b1 v; of (mu, ln a0, logit a1, logit b1 / (1 - a1)), all flat. Its slopes in (mu, a0, a1, b1) are carried
 * along. */
int32_t garch(void *user, int64_t n, int64_t d, const double *p, double *log_density, double *score) {
  bench_data *data = user;
  if (d != 4) return 1;
  data->asked += n;
  for (int64_t i = 0; i < n; ++i, p += d, score += d) {
    const double mu = p[0], a0 = exp(p[1]), s = 1 / (1 + exp(-p[2])), r = 1 / (1 + exp(-p[3])), a1 = s, b1 = r * (1 - s);
    double value = p[1] + log(s * (1 - s)) + log(r * (1 - r)) + log(1 - s);
    double v = data->scale * data->scale, v_mu = 0, v_a0 = 0, v_a1 = 0, v_b1 = 0;
    double g_mu = 0, g_a0 = 0, g_a1 = 0, g_b1 = 0, miss = 0;
    for (int64_t t = 0; t < data->rows; ++t) {
      if (t > 0) {
        v_mu = b1 * v_mu - 2 * a1 * miss;
        v_a0 = b1 * v_a0 + 1;
        v_a1 = b1 * v_a1 + miss * miss;
        v_b1 = b1 * v_b1 + v;
        v = a0 + a1 * miss * miss + b1 * v;
      }
      miss = data->y[t] - mu;
      const double precision = 1 / v, scaled = miss * precision, pull = 0.5 * (scaled * scaled - precision);
      value -= 0.5 * (log(v) + miss * scaled);
      g_mu += pull * v_mu + scaled;
      g_a0 += pull * v_a0;
      g_a1 += pull * v_a1;
      g_b1 += pull * v_b1;
    }
    score[0] = g_mu;
    score[1] = g_a0 * a0 + 1;
    score[2] = (g_a1 - r * g_b1) * s * (1 - s) + 1 - 3 * s;
    score[3] = g_b1 * (1 - s) * r * (1 - r) + 1 - 2 * r;
    log_density[i] = value;
  }
  return 0;
}
