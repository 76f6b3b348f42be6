/* Trains with a checkpoint after every hundred steps, then draws each class.
 * Killed at any moment and started again, it goes on where the checkpoint
 * was, and ends with the same bytes as if nothing had happened.
 * train_and_resume digits.csv samples.csv */
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

/* Called now and then while training runs; anything but 0 would stop it. */
static int32_t progress(void *user, const stein_monitor *monitor) {
  int64_t *shown = user;
  if (monitor->step / 500 > *shown) {
    *shown = monitor->step / 500;
    printf("step %" PRId64 " of %" PRId64 ", loss %.2f, validation %.2f\n",
           monitor->step, monitor->steps, monitor->loss, monitor->validation);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s digits.csv samples.csv\n", argv[0]);
    return 2;
  }
  static const char checkpoint[] = "digits.checkpoint";
  stein_context *context;
  stein_dataset *rows;
  stein_model *model;
  stein_trainer *trainer;
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_dataset_open(context, argv[1], "label=class", &rows, &error));

  /* The checkpoint and the data are all it takes to go on; without one it
   * begins. */
  stein_status found = stein_trainer_resume(context, rows, checkpoint, &model,
                                            &trainer, &error);
  if (found == STEIN_NO_FILE) {
    check(stein_model_new(context, rows, "scale=common widths=128,128",
                          &model, &error));
    check(stein_trainer_new(model, rows, "steps=2000 seed=1", &trainer,
                            &error));
  } else {
    check(found);
    printf("going on from %s\n", checkpoint);
  }

  int64_t shown = 0;
  stein_monitor monitor = STEIN_MONITOR_INIT;
  monitor.progress = progress;
  monitor.user = &shown;
  for (int32_t finished = 0; !finished;) {
    check(stein_trainer_run(trainer, 100, &finished, &monitor, &error));
    /* Replaces the last one whole, or not at all. */
    check(stein_trainer_save(trainer, checkpoint, &error));
    fflush(stdout);
  }
  check(stein_model_save(model, "digits.safetensors", &error));

  /* Ten rows of each class. */
  enum { COUNT = 100, PIXELS = 64 };
  static float samples[COUNT * PIXELS];
  static int64_t labels[COUNT];
  for (int i = 0; i < COUNT; i++) labels[i] = i / 10;
  int64_t shape[] = {COUNT, PIXELS};
  stein_tensor out = stein_float32(samples, 2, shape),
               classes = stein_int64(labels, 1, shape);
  check(stein_sample(model, NULL, &classes, "seed=7", &out, NULL, &error));
  FILE *file = fopen(argv[2], "w");
  for (int i = 0; file && i < COUNT * PIXELS; i++)
    fprintf(file, "%.3f%c", samples[i], (i + 1) % PIXELS ? ',' : '\n');
  if (file && fclose(file) == 0)
    printf("%d digits drawn into %s\n", COUNT, argv[2]);
  remove(checkpoint);

  stein_trainer_free(trainer);
  stein_model_free(model);
  stein_dataset_free(rows);
  stein_context_free(context);
  return 0;
}
