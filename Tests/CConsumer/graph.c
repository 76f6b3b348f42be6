/* A model of the caller's own, and noise of the caller's own. R2, R3, R5, R10. */
#include <math.h>

#include "check.h"

static stein_graph *graph;

static int32_t node(const char *operation, int32_t count, int32_t a, int32_t b, const char *options) {
  int32_t inputs[] = {a, b}, number = -1;
  CHECK(stein_graph_node(graph, operation, inputs, count, options, NULL, &number, &error) == STEIN_OK);
  return number;
}

/* (x - m)'(x - m) exp(k)/2, whose score is -exp(k) (x - m). */
static stein_model *own(const stein_context *context, const stein_dataset *dataset) {
  stein_model *model = NULL;
  CHECK(stein_graph_new(context, &graph, &error) == STEIN_OK);
  int32_t x = node("x", 0, 0, 0, "columns=3");
  int32_t m = node("parameter", 0, 0, 0, "name=m shape=3");
  int32_t k = node("parameter", 0, 0, 0, "name=k");
  int32_t square = node("squared_norm", 1, node("subtract", 2, x, m, NULL), 0, NULL);
  int32_t half = node("constant", 0, 0, 0, "value=0.5");
  int32_t energy = node("multiply", 2, half, node("multiply", 2, node("exp", 1, k, 0, NULL), square, NULL), NULL);
  int32_t axes = 9, kept = 77, inputs[] = {x, 99};
  int64_t shape[5] = {0};
  CHECK(stein_graph_shape(graph, m, &axes, shape, &error) == STEIN_OK && axes == 1 && shape[0] == 3);
  CHECK(stein_graph_shape(graph, energy, &axes, shape, &error) == STEIN_OK && axes == 0);

  /* As text: the whole graph, one node, and what is refused. */
  char text[2048];
  uint64_t needed = 0;
  CHECK(stein_graph_describe(graph, energy, "formula", text, sizeof text, &needed, &error) == STEIN_OK);
  CHECK(strcmp(text, "0.5 * (exp(k) * squared_norm(x - m))") == 0 && needed == strlen(text) + 1);
  CHECK(stein_graph_describe(graph, -1, "text", text, sizeof text, &needed, &error) == STEIN_OK);
  CHECK(strstr(text, "%1 = parameter(name=m, shape=3) [3]\n") && strstr(text, "%3 = subtract(%0, %1) [3]\n"));
  CHECK(stein_graph_describe(graph, square, "dot", text, sizeof text, &needed, &error) == STEIN_OK);
  CHECK(strncmp(text, "digraph {", 9) == 0 && strstr(text, "  n3 -> n4;") && !strstr(text, "exp"));
  CHECK(stein_graph_describe(graph, -1, "formula", text, sizeof text, &needed, &error) == STEIN_BAD_VALUE && error.parameter == 2);
  CHECK(stein_graph_describe(graph, 99, "text", text, sizeof text, &needed, &error) == STEIN_BAD_VALUE && error.parameter == 2);
  CHECK(stein_graph_describe(graph, 0, "picture", text, sizeof text, &needed, &error) == STEIN_BAD_VALUE && error.parameter == 3);
  CHECK(stein_graph_describe(graph, 0, "text", NULL, 0, &needed, &error) == STEIN_BUFFER_TOO_SMALL && needed > 1);

  /* What does not fit leaves the graph and the caller's number alone. */
  CHECK(stein_graph_node(graph, "add", inputs, 2, NULL, NULL, &kept, &error) == STEIN_BAD_VALUE && kept == 77 && error.parameter == 3);
  double matrix[] = {1, 2, 3, 4};
  int64_t two[] = {2, 2};
  stein_tensor value = stein_float64(matrix, 2, two);
  int32_t constant = -1;
  CHECK(stein_graph_node(graph, "constant", NULL, 0, NULL, &value, &constant, &error) == STEIN_OK && constant == energy + 1);
  inputs[1] = constant;
  CHECK(stein_graph_node(graph, "matmul", inputs, 2, NULL, NULL, &kept, &error) == STEIN_BAD_SHAPE);
  CHECK(strstr(error.message, "matmul of ") && strstr(error.message, "[2, 2]"));
  CHECK(stein_model_from_graph(graph, x, dataset, NULL, &model, &error) == STEIN_BAD_SHAPE && model == NULL);
  CHECK(stein_model_from_graph(graph, energy, dataset, "output=energy", &model, &error) == STEIN_OK);
  CHECK(stein_graph_free(graph) == STEIN_OK && stein_graph_free(graph) == STEIN_BAD_HANDLE);
  return model;
}

struct noise {
  int calls, released, fail_at;
  stein_model *model;
};

/* Laplace noise of deviation sigma, from the bits. */
static int32_t laplace(void *user, int64_t n, int64_t d, const double *sigma, const double *x, const uint64_t *bits, double *noisy, double *score) {
  struct noise *state = user;
  if (++state->calls == state->fail_at) return 42;
  /* R10: no work of its own inside. */
  double loss;
  CHECK(stein_model_loss(state->model, NULL, NULL, &loss, NULL, NULL) != STEIN_OK);
  for (int64_t i = 0; i < n * d; i++) {
    double b = sigma[i / d] / sqrt(2), p = ((double)(bits[i] >> 11) + 0.5) / 9007199254740992.0 - 0.5;
    double e = (p < 0 ? 1 : -1) * b * log1p(-2 * fabs(p));
    noisy[i] = x[i] + e;
    score[i] = (e > 0 ? -1 : 1) / b;
  }
  return 0;
}

static void release(void *user) { ((struct noise *)user)->released++; }

int main(void) {
  stein_context *context = NULL;
  CHECK(stein_context_new("threads=2", NULL, &context, &error) == STEIN_OK);
  stein_dataset *dataset = make_rows(context, 800);
  stein_model *model = own(context, dataset);
  stein_trainer *trainer = NULL;
  CHECK(stein_trainer_new(model, dataset, "objective=exact steps=2500 rate=0.05 batch=800", &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_run(trainer, 0, NULL, NULL, &error) == STEIN_OK);
  float m[3], k[1];
  int64_t three[] = {3}, single[] = {1};
  stein_tensor out = stein_float32(m, 1, three), scalar = stein_float32(k, 1, single);
  CHECK(stein_model_parameter(model, "m", NULL, NULL, &out, &error) == STEIN_OK);
  CHECK(stein_model_parameter(model, "k", NULL, NULL, &scalar, &error) == STEIN_OK);
  /* make_rows: E u^2 = 1/3, E(10 u + v) = 5.5, E(w - v) = 0; of 800 rows. The best exp(k) is d over the total variance. */
  CHECK(fabs(m[0] - 1 / 3.0) < 0.06 && fabs(m[1] - 5.5) < 0.6 && fabs(m[2]) < 0.08);
  double variance = 4 / 45.0 + 101 / 12.0 + 2 / 12.0;
  CHECK(fabs(exp(k[0]) - 3 / variance) < 0.1 * 3 / variance);
  CHECK(stein_trainer_set_noise(trainer, laplace, NULL, NULL, &error) == STEIN_BAD_STATE);
  stein_trainer_free(trainer), stein_model_free(model);

  /* Noise of one's own: released once, whatever happens; a code comes out; the run goes on after. */
  struct noise first = {0, 0, 5, NULL}, second = {0, 0, 0, NULL}, refused = {0, 0, 0, NULL};
  CHECK(stein_model_new(context, dataset, "widths=16", &model, &error) == STEIN_OK);
  first.model = second.model = model;
  CHECK(stein_trainer_new(model, dataset, "noise_kernel=caller steps=12 validation=0", &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_set_noise(NULL, laplace, &refused, release, &error) == STEIN_BAD_HANDLE && refused.released == 1);
  CHECK(stein_trainer_set_noise(trainer, NULL, &refused, release, &error) == STEIN_BAD_POINTER && refused.released == 2);
  CHECK(stein_trainer_run(trainer, 0, NULL, NULL, &error) == STEIN_BAD_STATE);
  CHECK(stein_trainer_set_noise(trainer, laplace, &first, release, &error) == STEIN_OK && first.released == 0);
  CHECK(stein_trainer_run(trainer, 0, NULL, NULL, &error) == STEIN_CALLBACK_FAILED && error.callback_code == 42 && first.calls == 5);
  CHECK(stein_trainer_set_noise(trainer, laplace, &second, release, &error) == STEIN_OK && first.released == 1);
  int32_t finished = 0;
  CHECK(stein_trainer_run(trainer, 0, &finished, NULL, &error) == STEIN_OK && finished == 1 && second.calls == 8);
  CHECK(stein_trainer_free(trainer) == STEIN_OK && second.released == 1 && second.calls == 8);
  stein_model_free(model), stein_dataset_free(dataset), stein_context_free(context);
  return report("graph");
}
