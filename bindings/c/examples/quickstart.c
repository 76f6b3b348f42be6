/* Reads a table, fits a score model, draws rows with classes, saves both.
 *
 *     quickstart wine.csv samples.csv */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "stein.h"

static stein_error error = STEIN_ERROR_INIT;

static void check(stein_status status) {
  if (status == STEIN_OK) return;
  fprintf(stderr, "%s: %s\n", stein_status_name(status), error.message);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s table.csv samples.csv\n", argv[0]);
    return 2;
  }
  stein_context *context;
  stein_dataset *rows;
  stein_model *model, *gaussian;
  stein_trainer *trainer;
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_dataset_open(context, argv[1], "label=class", &rows, &error));

  check(stein_model_new(context, rows, NULL, &model, &error));
  check(stein_trainer_new(model, rows, "seed=1", &trainer, &error));
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));
  check(stein_model_save(model, "wine.safetensors", &error));

  /* What training found out, one sentence at a time. */
  char warning[512];
  uint64_t needed;
  for (int64_t k = 0; !stein_trainer_get_text(trainer, "warnings", k, warning,
                                              sizeof warning, &needed, NULL);
       k++)
    printf("warning: %s\n", warning);

  /* How good is it? The loss on its own rows beside that of a Gaussian. */
  double loss, gaussian_loss;
  check(stein_model_new(context, rows, "family=gaussian classes=ignore",
                        &gaussian, &error));
  stein_trainer_free(trainer);
  check(stein_trainer_new(gaussian, rows, NULL, &trainer, &error));
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));
  check(stein_model_loss(model, rows, NULL, &loss, NULL, &error));
  check(stein_model_loss(gaussian, rows, NULL, &gaussian_loss, NULL, &error));
  printf("denoising loss %.3f, a Gaussian's %.3f\n", loss, gaussian_loss);

  int32_t axes;
  int64_t shape[5] = {0};
  check(stein_model_shape(model, &axes, shape, &error));
  shape[0] = 200;
  float *samples = malloc(sizeof *samples * (size_t)(shape[0] * shape[1]));
  stein_tensor out = stein_float32(samples, axes, shape);
  int64_t *classes = malloc(sizeof *classes * (size_t)shape[0]);
  stein_tensor drawn = stein_int64(classes, 1, shape);
  check(stein_sample(model, NULL, NULL, "seed=7", &out, NULL, &error));
  check(stein_sample_labels(model, "seed=7", &drawn, &error));

  /* The table's first line names its columns; the class comes last there. */
  char names[4096] = "";
  FILE *file = fopen(argv[1], "r");
  if (!file || !fgets(names, sizeof names, file))
    return fprintf(stderr, "%s can't be read\n", argv[1]), 1;
  fclose(file);
  file = fopen(argv[2], "w");
  if (file) fputs(names, file);
  for (int64_t i = 0; file && i < shape[0]; i++) {
    for (int64_t j = 0; j < shape[1]; j++)
      fprintf(file, "%g,", samples[i * shape[1] + j]);
    fprintf(file, "%" PRId64 "\n", classes[i]);
  }
  if (file && fclose(file) == 0)
    printf("%" PRId64 " rows drawn into %s\n", shape[0], argv[2]);
  free(samples), free(classes);
  stein_trainer_free(trainer);
  stein_model_free(gaussian);
  stein_model_free(model);
  stein_dataset_free(rows);
  stein_context_free(context);
  return 0;
}
