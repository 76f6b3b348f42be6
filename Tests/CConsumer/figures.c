/* Figures of data sets, models, trainers and chains without a reader of JSON: right values, and what becomes of wrong names. R3, R8. */
#include <math.h>

#include "check.h"

#define NUMBERS 64
static double values[NUMBERS];
static uint64_t needed;
static char text[256];

static int close_to(double a, double b) { return fabs(a - b) < 1e-9 * (1 + fabs(b)); }

static void of_data(const stein_dataset *dataset) {
  CHECK(stein_dataset_get_numbers(dataset, "mean", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 2);
  CHECK(close_to(values[0], 2.5) && close_to(values[1], 25));
  CHECK(stein_dataset_get_numbers(dataset, "minimum", values, NUMBERS, &needed, &error) == STEIN_OK && values[1] == 10);
  CHECK(stein_dataset_get_numbers(dataset, "shape", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 2 && values[0] == 4);
  CHECK(stein_dataset_get_numbers(dataset, "constant_columns", NULL, 0, &needed, &error) == STEIN_OK && needed == 0);
  CHECK(stein_dataset_get_text(dataset, "names", 1, text, sizeof text, &needed, &error) == STEIN_OK && !strcmp(text, "two words"));
  CHECK(needed == sizeof "two words");
  int names = 0;
  while (!stein_dataset_get_text(dataset, "names", names, text, sizeof text, &needed, NULL)) names++;
  CHECK(names == 2);
}

static void of_wrong_names(const stein_dataset *dataset) {
  values[0] = 7;
  CHECK(stein_dataset_get_numbers(dataset, "meen", values, NUMBERS, &needed, &error) == STEIN_BAD_VALUE && error.parameter == 2);
  CHECK(strstr(error.message, "meen") && strstr(error.message, "deviation"));
  CHECK(stein_dataset_get_numbers(dataset, "names", values, NUMBERS, &needed, &error) == STEIN_BAD_VALUE);
  CHECK(stein_dataset_get_numbers(dataset, "mean.x", values, NUMBERS, &needed, &error) == STEIN_BAD_VALUE);
  CHECK(stein_dataset_get_numbers(dataset, NULL, values, NUMBERS, &needed, &error) == STEIN_BAD_POINTER);
  CHECK(stein_dataset_get_numbers(dataset, "mean", values, 1, &needed, &error) == STEIN_BUFFER_TOO_SMALL && needed == 2);
  CHECK(stein_dataset_get_numbers(dataset, "mean", NULL, 2, &needed, &error) == STEIN_BAD_POINTER && values[0] == 7);
  CHECK(stein_dataset_get_text(dataset, "mean", 0, text, sizeof text, &needed, &error) == STEIN_BAD_VALUE);
  CHECK(stein_dataset_get_text(dataset, "names", 2, text, sizeof text, &needed, &error) == STEIN_BAD_VALUE && error.parameter == 3);
  CHECK(stein_dataset_get_text(dataset, "names", -1, text, sizeof text, &needed, &error) == STEIN_BAD_VALUE);
}

static void of_models(const stein_context *context) {
  stein_dataset *dataset = make_rows(context, 200);
  stein_model *network = make_trained(context, dataset, "widths=8"), *untrained = NULL;
  double mean[3], scale[3];
  CHECK(stein_dataset_get_numbers(dataset, "mean", mean, 3, &needed, &error) == STEIN_OK);
  CHECK(stein_dataset_get_numbers(dataset, "deviation", scale, 3, &needed, &error) == STEIN_OK);
  CHECK(stein_model_get_numbers(network, "scale", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 3);
  for (int j = 0; j < 3; j++) CHECK(close_to(values[j], scale[j]));
  CHECK(stein_model_get_numbers(network, "mean", values, NUMBERS, &needed, &error) == STEIN_OK && close_to(values[2], mean[2]));
  double lowest, highest, trained;
  CHECK(stein_model_get_numbers(network, "sigma_min", &lowest, 1, &needed, &error) == STEIN_OK && needed == 1);
  CHECK(stein_model_get_numbers(network, "sigma_max", &highest, 1, &needed, &error) == STEIN_OK && 0 < lowest && lowest < highest);
  CHECK(stein_model_get_numbers(network, "trained", &trained, 1, &needed, &error) == STEIN_OK && trained == 1);
  CHECK(stein_model_get_numbers(network, "parameters.shape", values, NUMBERS, &needed, &error) == STEIN_OK && needed > 3);
  CHECK(stein_model_get_text(network, "family", 0, text, sizeof text, &needed, &error) == STEIN_OK && !strcmp(text, "score_mlp"));
  CHECK(stein_model_get_text(network, "names", 0, text, sizeof text, &needed, &error) == STEIN_BAD_VALUE && strstr(error.message, "0 texts"));
  CHECK(stein_model_new(context, dataset, NULL, &untrained, &error) == STEIN_OK);
  CHECK(stein_model_get_numbers(untrained, "clean_level", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 1 && isnan(values[0]));
  stein_model_free(network), stein_model_free(untrained), stein_dataset_free(dataset);
}

static void of_trainers(const stein_context *context) {
  stein_dataset *dataset = make_rows(context, 200);
  stein_model *model = NULL, *exponential = NULL;
  stein_trainer *trainer = NULL, *fit = NULL;
  CHECK(stein_model_new(context, dataset, "widths=8", &model, &error) == STEIN_OK);
  CHECK(stein_trainer_new(model, dataset, "steps=40 checks=4 validation=0.2", &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_get_numbers(trainer, "loss", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 1 && isnan(values[0]));
  CHECK(stein_trainer_get_numbers(trainer, "denoising.error", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 0);
  stein_monitor monitor = STEIN_MONITOR_INIT;
  CHECK(stein_trainer_run(trainer, 0, NULL, &monitor, &error) == STEIN_OK);
  CHECK(stein_trainer_get_numbers(trainer, "step", values, NUMBERS, &needed, &error) == STEIN_OK && values[0] == 40);
  CHECK(stein_trainer_get_numbers(trainer, "finished", values, NUMBERS, &needed, &error) == STEIN_OK && values[0] == 1);
  CHECK(stein_trainer_get_numbers(trainer, "loss", values, NUMBERS, &needed, &error) == STEIN_OK && values[0] == monitor.loss);
  CHECK(stein_trainer_get_numbers(trainer, "validation", values, NUMBERS, &needed, &error) == STEIN_OK && values[0] == monitor.validation);
  CHECK(stein_trainer_get_numbers(trainer, "levels.sigma", values, NUMBERS, &needed, &error) == STEIN_OK && needed > 1);
  for (uint64_t k = 1; k < needed; k++) CHECK(values[k] > 0);
  CHECK(stein_trainer_get_text(trainer, "reason", 0, text, sizeof text, &needed, &error) == STEIN_OK && strstr(text, "all steps"));
  CHECK(stein_model_new(context, dataset, "family=exponential", &exponential, &error) == STEIN_OK);
  CHECK(stein_trainer_new(exponential, dataset, NULL, &fit, &error) == STEIN_OK && stein_trainer_run(fit, 0, NULL, NULL, &error) == STEIN_OK);
  CHECK(stein_trainer_get_numbers(fit, "closed_form.estimates", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 9);
  stein_trainer_free(trainer), stein_trainer_free(fit), stein_model_free(model), stein_model_free(exponential), stein_dataset_free(dataset);
}

static int32_t normal(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  (void)user;
  for (int64_t i = 0; i < n; i++) {
    log_density[i] = 0;
    for (int64_t j = i * d; j < (i + 1) * d; j++) log_density[i] -= x[j] * x[j] / 2, score[j] = -x[j];
  }
  return 0;
}

static void of_chains(const stein_context *context) {
  static double drawn[3 * 200 * 2];
  stein_density *density = NULL;
  stein_chains *chains = NULL;
  int64_t shape[] = {3, 200, 2};
  stein_tensor draws = stein_float64(drawn, 3, shape);
  CHECK(stein_density_new(context, 2, normal, NULL, NULL, &density, &error) == STEIN_OK);
  CHECK(stein_chains_new(density, "chains=3 warmup=100", NULL, &chains, &error) == STEIN_OK);
  CHECK(stein_chains_run(chains, &draws, NULL, NULL, &error) == STEIN_OK);
  CHECK(stein_chains_get_numbers(chains, "draws", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 3 && values[2] == 200);
  CHECK(stein_chains_get_numbers(chains, "step_size", values, NUMBERS, &needed, &error) == STEIN_OK && needed == 3 && values[0] > 0);
  CHECK(stein_chains_get_numbers(chains, "rhat", values, NUMBERS, &needed, &error) == STEIN_OK && values[0] > 0.9 && values[0] < 1.2);
  double of_each[2];
  int64_t columns[] = {2};
  stein_tensor out = stein_float64(of_each, 1, columns);
  CHECK(stein_rhat(context, &draws, &out, NULL, &error) == STEIN_OK && fmax(of_each[0], of_each[1]) == values[0]);
  CHECK(stein_chains_get_text(chains, "kernel", 0, text, sizeof text, &needed, &error) == STEIN_OK && !strcmp(text, "nuts"));
  stein_chains_free(chains), stein_density_free(density);
}

int main(void) {
  stein_error fresh = STEIN_ERROR_INIT;
  CHECK(fresh.struct_size == sizeof fresh && fresh.message[0] == 0 && STEIN_VERSION_NUMBER > 0);
  stein_context *context = NULL;
  CHECK(stein_context_new("threads=2", NULL, &context, &error) == STEIN_OK);
  double rows[4][2] = {{1, 10}, {2, 20}, {3, 30}, {4, 40}};
  int64_t shape[] = {4, 2};
  stein_tensor x = stein_float64(rows[0], 2, shape);
  stein_dataset *dataset = NULL;
  CHECK(stein_dataset_new(context, &x, NULL, "names=one,\"two words\"", &dataset, &error) == STEIN_OK);
  of_data(dataset);
  of_wrong_names(dataset);
  of_models(context);
  of_trainers(context);
  of_chains(context);
  stein_dataset_free(dataset), stein_context_free(context);
  return report("figures");
}
