/* All that a user does, in one go, and a hash of all that came of it: the same in any host. */
#ifndef EVERYTHING_H
#define EVERYTHING_H
#include <dlfcn.h>
#include <fenv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stein.h"

/* Functions by name, so that they may be those of a copy of the library. */
typedef struct { void *library; stein_error error; uint64_t hash; const char *at; } everything_state;
#define OF(state, function) ((__typeof__(&function))dlsym((state)->library ? (state)->library : RTLD_DEFAULT, #function))

static void everything_hash(everything_state *state, const void *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) state->hash = (state->hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
}

/* The density of two independent normals, N(1, 1) and N(0, 4). */
static int32_t everything_density(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  (void)user;
  int rounding = fegetround(); /* a callback runs in the host's */
  fesetround(FE_TONEAREST);
  for (int64_t i = 0; i < n; i++) {
    double a = x[d * i] - 1, b = x[d * i + 1];
    log_density[i] = -a * a / 2 - b * b / 8;
    score[d * i] = -a, score[d * i + 1] = -b / 4;
  }
  fesetround(rounding);
  return 0;
}

#define TRY(call) \
  do { \
    if (status == STEIN_OK && (status = (call)) != STEIN_OK) s->at = #call; \
  } while (0)

/* The first status that is not OK. name: of files that this thread may write. */
static stein_status everything(everything_state *s, const char *threads, const char *name) {
  double data[150], draws[2 * 8 * 2], value = 0;
  float samples[60];
  for (int i = 0; i < 150; i++) data[i] = (i * 7919) % 101 * 0.25 + (i % 3) * 10;
  int64_t rows_shape[] = {50, 3}, shape[] = {20, 3}, draws_shape[] = {2, 8, 2};
  stein_tensor rows = stein_float64(data, 2, rows_shape), out = stein_float32(samples, 2, shape), drawn = stein_float64(draws, 3, draws_shape);
  stein_context *context = NULL;
  stein_dataset *dataset = NULL, *table = NULL;
  stein_model *model = NULL, *loaded = NULL, *resumed = NULL, *gaussian = NULL;
  stein_trainer *trainer = NULL, *again = NULL;
  stein_density *density = NULL;
  stein_chains *chains = NULL;
  char model_file[80], checkpoint[80], csv[80];
  snprintf(model_file, sizeof model_file, "%s.model", name), snprintf(checkpoint, sizeof checkpoint, "%s.checkpoint", name);
  snprintf(csv, sizeof csv, "%s.csv", name);
  stein_status status = STEIN_OK;
  s->error.struct_size = sizeof s->error, s->hash = 14695981039346656037u, s->at = "";
  TRY(OF(s, stein_context_new)(threads, NULL, &context, &s->error));
  TRY(OF(s, stein_dataset_new)(context, &rows, NULL, "names=a,\"b, c\",d", &dataset, &s->error));
  TRY(OF(s, stein_model_new)(context, dataset, "widths=16,16 dropout=0.25", &model, &s->error));
  TRY(OF(s, stein_trainer_new)(model, dataset, "steps=9 batch=50 rate=2.5e-3 checks=3 validation=0.2", &trainer, &s->error));
  TRY(OF(s, stein_trainer_run)(trainer, 5, NULL, NULL, &s->error));
  TRY(OF(s, stein_trainer_save)(trainer, checkpoint, &s->error));
  TRY(OF(s, stein_trainer_resume)(context, dataset, checkpoint, &resumed, &again, &s->error));
  TRY(OF(s, stein_trainer_run)(again, 0, NULL, NULL, &s->error));
  TRY(OF(s, stein_model_save)(resumed, model_file, &s->error));
  TRY(OF(s, stein_model_load)(context, model_file, &loaded, &s->error));
  TRY(OF(s, stein_sample)(loaded, NULL, NULL, "steps=4 seed=3", &out, NULL, &s->error));
  everything_hash(s, samples, sizeof samples);
  TRY(OF(s, stein_model_loss)(loaded, dataset, "draws=3", &value, NULL, &s->error));
  everything_hash(s, &value, sizeof value);
  TRY(OF(s, stein_model_new)(context, dataset, "family=gaussian", &gaussian, &s->error));
  OF(s, stein_trainer_free)(trainer), trainer = NULL;
  TRY(OF(s, stein_trainer_new)(gaussian, dataset, NULL, &trainer, &s->error));
  TRY(OF(s, stein_trainer_run)(trainer, 0, NULL, NULL, &s->error));
  TRY(OF(s, stein_model_jacobian)(gaussian, &rows, NULL, 0.5, &(stein_tensor){(double[450]){0}, {1, 0}, 3, {2, 64, 1}, (int64_t[]){50, 3, 3}, NULL, 0}, NULL,
                                  &s->error));
  TRY(OF(s, stein_maximum_mean_discrepancy)(context, &rows, &out, NULL, &value, NULL, NULL, &s->error));
  everything_hash(s, &value, sizeof value);
  TRY(OF(s, stein_density_new)(context, 2, everything_density, NULL, NULL, &density, &s->error));
  TRY(OF(s, stein_chains_new)(density, "chains=2 warmup=30 seed=5 target_acceptance=0.8", NULL, &chains, &s->error));
  TRY(OF(s, stein_chains_run)(chains, &drawn, NULL, NULL, &s->error));
  everything_hash(s, draws, sizeof draws);
  if (status == STEIN_OK) {
    FILE *file = fopen(csv, "w");
    if (file) fputs("a;b\n1.5;-2e-3\n2.25;7\n", file), fclose(file);
    char text[2048] = "";
    uint64_t needed;
    TRY(OF(s, stein_dataset_open)(context, csv, NULL, &table, &s->error));
    TRY(OF(s, stein_dataset_describe)(table, text, sizeof text, &needed, &s->error));
    everything_hash(s, text, strlen(text));
    if (status == STEIN_OK && !strstr(text, "\"minimum\":[1.5,-0.002]")) status = STEIN_INTERNAL, s->at = "the least of a column";
  }
  OF(s, stein_chains_free)(chains), OF(s, stein_density_free)(density), OF(s, stein_trainer_free)(trainer), OF(s, stein_trainer_free)(again);
  OF(s, stein_model_free)(model), OF(s, stein_model_free)(resumed), OF(s, stein_model_free)(loaded), OF(s, stein_model_free)(gaussian);
  OF(s, stein_dataset_free)(dataset), OF(s, stein_dataset_free)(table), OF(s, stein_context_free)(context);
  unlink(model_file), unlink(checkpoint), unlink(csv);
  return status;
}
#endif
