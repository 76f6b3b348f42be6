/* An energy of one's own: particles in a bistable potential, whose constants
 * are found from where they were seen.
 *
 *     E(x) = a (x0^2 - b)^2 + k/2 (x1 - c x0)^2
 *
 * Nothing has to be integrated: score matching needs no normalising constant.
 * own_energy */
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

static stein_graph *graph;

static int32_t node(const char *operation, int32_t count, int32_t a,
                    int32_t b, const char *options) {
  int32_t inputs[] = {a, b}, number;
  check(stein_graph_node(graph, operation, inputs, count, options, NULL,
                         &number, &error));
  return number;
}
static int32_t one(const char *operation, int32_t a) {
  return node(operation, 1, a, 0, NULL);
}
static int32_t two(const char *operation, int32_t a, int32_t b) {
  return node(operation, 2, a, b, NULL);
}
static int32_t column(int32_t x, const char *options) {
  return node("sum", 1, node("slice", 1, x, 0, options), 0, NULL);
}

static double uniform(void) {
  static uint64_t state = 7;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

int main(void) {
  enum { N = 20000 };
  const double a = 1, b = 1.5, k = 3, c = 0.4, turn = 6.283185307179586;
  double *rows = malloc(sizeof *rows * 2 * N);
  for (int i = 0; i < N;) { /* by rejection */
    double x = 5 * uniform() - 2.5;
    if (uniform() > exp(-a * (x * x - b) * (x * x - b))) continue;
    rows[2 * i] = x;
    rows[2 * i++ + 1] =
        c * x + sqrt(-2 * log(uniform()) / k) * cos(turn * uniform());
  }

  stein_context *context;
  stein_dataset *dataset;
  stein_model *model;
  stein_trainer *trainer;
  int64_t shape[] = {N, 2};
  stein_tensor data = stein_float64(rows, 2, shape);
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_dataset_new(context, &data, NULL, NULL, &dataset, &error));

  check(stein_graph_new(context, &graph, &error));
  int32_t x = node("x", 0, 0, 0, "columns=2");
  int32_t x0 = column(x, "starts=0 sizes=1"),
          x1 = column(x, "starts=1 sizes=1");
  int32_t pa = node("parameter", 0, 0, 0, "name=a start=ones"),
          pb = node("parameter", 0, 0, 0, "name=b");
  int32_t pk = node("parameter", 0, 0, 0, "name=k start=ones"),
          pc = node("parameter", 0, 0, 0, "name=c");
  int32_t well = two("multiply", pa,
                     one("square", two("subtract", one("square", x0), pb)));
  int32_t spring =
      two("multiply", pk,
          one("square", two("subtract", x1, two("multiply", pc, x0))));
  int32_t half = node("constant", 0, 0, 0, "value=0.5");
  int32_t energy = two("add", well, two("multiply", half, spring));

  check(stein_model_from_graph(graph, energy, dataset, "output=energy",
                               &model, &error));
  check(stein_trainer_new(model, dataset,
                          "objective=exact steps=4000 batch=1024 rate=0.02",
                          &trainer, &error));
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));

  const char *names[] = {"a", "b", "k", "c"};
  const double truth[] = {a, b, k, c};
  int wrong = 0;
  for (int i = 0; i < 4; i++) {
    float found;
    int64_t length[] = {1};
    stein_tensor out = stein_float32(&found, 1, length);
    check(stein_model_parameter(model, names[i], NULL, NULL, &out, &error));
    printf("%s = %.3f (true %.3f)\n", names[i], found, truth[i]);
    wrong += fabs(found - truth[i]) > 0.08 * truth[i];
  }
  free(rows);
  stein_trainer_free(trainer), stein_model_free(model),
      stein_graph_free(graph), stein_dataset_free(dataset),
      stein_context_free(context);
  return wrong;
}
