/* Sharing and excluding: many readers, BUSY for the second writer, free while in use, cancel. R5, R6, R17. */
#include <pthread.h>
#include <unistd.h>

#include "check.h"

static stein_model *model;
static stein_trainer *trainer;
static stein_monitor monitor;
static volatile int wrong;

/* Every reader draws the same rows, however the workers are shared. */
static void *read_along(void *expected) {
  float rows[300];
  int64_t shape[] = {100, 3};
  stein_tensor out = stein_float32(rows, 2, shape);
  for (int i = 0; i < 20; i++)
    if (stein_sample(model, NULL, NULL, "seed=5", &out, NULL, NULL) != STEIN_OK || memcmp(rows, expected, sizeof rows)) wrong = 1;
  return NULL;
}

/* The fields of a monitor are volatile, which ThreadSanitizer takes for ordinary memory. */
__attribute__((no_sanitize_thread)) static int64_t steps_done(void) { return monitor.step; }
__attribute__((no_sanitize_thread)) static void cancel(void) { monitor.cancel = 1; }

static int ended;

static void *train(void *status) {
  *(stein_status *)status = stein_trainer_run(trainer, 0, NULL, &monitor, NULL);
  __atomic_store_n(&ended, 1, __ATOMIC_RELEASE);
  return NULL;
}

int main(void) {
  stein_context *context = NULL;
  CHECK(stein_context_new("threads=2", NULL, &context, &error) == STEIN_OK);
  stein_dataset *dataset = make_rows(context, 400);
  model = make_trained(context, dataset, "widths=32");

  float expected[300];
  int64_t shape[] = {100, 3};
  stein_tensor out = stein_float32(expected, 2, shape);
  CHECK(stein_sample(model, NULL, NULL, "seed=5", &out, NULL, &error) == STEIN_OK);
  pthread_t readers[8];
  for (int i = 0; i < 8; i++) pthread_create(&readers[i], NULL, read_along, expected);
  for (int i = 0; i < 8; i++) pthread_join(readers[i], NULL);
  CHECK(!wrong);

  /* How soon a cancelled run ends is told by what the process worked until then, so that a busy machine does not matter; the least of three. */
  double soonest = 1e9;
  for (int round = 0; round < 3; round++) {
    /* A second writer is BUSY, at once; the model can be read while it is trained. */
    CHECK(stein_trainer_new(model, dataset, "steps=100000000 validation=0", &trainer, &error) == STEIN_OK);
    memset(&monitor, 0, sizeof monitor);
    monitor.struct_size = sizeof monitor;
    stein_status status = -1;
    pthread_t worker;
    ended = 0;
    pthread_create(&worker, NULL, train, &status);
    while (steps_done() == 0 && !__atomic_load_n(&ended, __ATOMIC_ACQUIRE)) usleep(1000);
    CHECK(stein_trainer_run(trainer, 1, NULL, NULL, &error) == STEIN_BUSY);
    CHECK(stein_trainer_save(trainer, "x", &error) == STEIN_BUSY);
    CHECK(stein_sample(model, NULL, NULL, "seed=5", &out, NULL, &error) == STEIN_OK);

    /* Freed while it is used: the run goes on until it is cancelled. */
    CHECK(stein_trainer_free(trainer) == STEIN_OK);
    CHECK(stein_trainer_free(trainer) == STEIN_BAD_HANDLE);
    double asked = worked();
    cancel();
    pthread_join(worker, NULL);
    double waited = worked() - asked;
    soonest = waited < soonest ? waited : soonest;
    CHECK(status == STEIN_CANCELLED && monitor.step > 0 && monitor.steps == 100000000);
  }
  CHECK(soonest < 2 * 0.05); /* R17, on two threads */

  /* Cancel is never cleared by a call, and a deadline in the past stops before anything is done. */
  CHECK(stein_sample(model, NULL, NULL, NULL, &out, &monitor, &error) == STEIN_CANCELLED);
  monitor.cancel = 0;
  monitor.deadline_ns = 1;
  CHECK(stein_sample(model, NULL, NULL, NULL, &out, &monitor, &error) == STEIN_DEADLINE && error.status == STEIN_DEADLINE);

  stein_model_free(model), stein_dataset_free(dataset), stein_context_free(context);
  return report("threads");
}
