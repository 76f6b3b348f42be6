/* The host is left as it was, and its memory is accounted for. R10, R11, R13, R15, R18. */
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator.h"
#include "check.h"

/* Calls of malloc in the whole process: Swift's own objects come from there. */
extern void *__libc_malloc(size_t size);
static volatile long mallocs;
void *malloc(size_t size) {
  __sync_fetch_and_add(&mallocs, 1);
  return __libc_malloc(size);
}

/* All that a user does, in one go; the first status that is not OK. */
static stein_status everything(const stein_context *context) {
  static float samples[300];
  int64_t shape[] = {100, 3}, rows_shape[] = {50, 3};
  static double data[150];
  for (int i = 0; i < 150; i++) data[i] = (i * 7919) % 101 + (i % 3) * 10;
  stein_tensor rows = stein_float64(data, 2, rows_shape), out = stein_float32(samples, 2, shape);
  stein_dataset *dataset = NULL;
  stein_model *model = NULL;
  stein_trainer *trainer = NULL;
  uint64_t needed;
  stein_status status = stein_dataset_new(context, &rows, NULL, NULL, &dataset, &error);
  if (!status) status = stein_model_new(context, dataset, "widths=16,16", &model, &error);
  if (!status) status = stein_trainer_new(model, dataset, "steps=3 batch=100 checks=3 validation=0.2", &trainer, &error);
  if (!status) status = stein_trainer_run(trainer, 0, NULL, NULL, &error);
  if (!status) status = stein_sample(model, NULL, NULL, "steps=3", &out, NULL, &error);
  if (!status) {
    status = stein_model_write(model, NULL, 0, &needed, &error);
    if (status == STEIN_BUFFER_TOO_SMALL) status = STEIN_OK;
  }
  double value, second;
  if (!status) status = stein_kernel_stein_discrepancy(context, &rows, &rows, "bootstraps=5 kernel=gaussian", &value, &second, NULL, &error);
  if (!status) status = stein_fisher_divergence(model, &rows, NULL, &rows, 0, &value, &second, NULL, &error);
  if (!status) status = stein_sliced_wasserstein(context, &rows, &out, "projections=5", &value, NULL, &error);
  if (!status) status = stein_maximum_mean_discrepancy(context, &rows, &out, "permutations=5", &value, &second, NULL, &error);
  stein_trainer_free(trainer), stein_model_free(model), stein_dataset_free(dataset);
  return status;
}

int main(void) {
  /* Two of the numbers are the C library's own, of which it tells nothing. */
  struct sigaction before[65], after;
  int told[65];
  for (int i = 1; i < 65; i++) told[i] = sigaction(i, NULL, &before[i]) == 0;
  stack_t stack_before, stack_after;
  CHECK(sigaltstack(NULL, &stack_before) == 0);
  char *directory = getcwd(NULL, 0), locale[64];
  snprintf(locale, sizeof locale, "%s", setlocale(LC_ALL, NULL));
  fesetround(FE_UPWARD);

  stein_allocator allocator = {sizeof allocator, 0, NULL, allocate, deallocate};
  stein_context *context = NULL;
  CHECK(stein_context_new("threads=2", &allocator, &context, &error) == STEIN_OK);
  CHECK(everything(context) == STEIN_OK);
  CHECK(living == 0 && allocations > 10);

  CHECK(fegetround() == FE_UPWARD);
  int changed = 0, compared = 0;
  for (int i = 1; i < 65; i++) {
    int tells = sigaction(i, NULL, &after) == 0;
    changed += tells != told[i];
    if (!tells || !told[i]) continue;
    changed += after.sa_handler != before[i].sa_handler || after.sa_flags != before[i].sa_flags;
    for (int other = 1; other < 65; other++) changed += sigismember(&after.sa_mask, other) != sigismember(&before[i].sa_mask, other);
    compared++;
  }
  CHECK(changed == 0 && compared > 50);
  CHECK(sigaltstack(NULL, &stack_after) == 0);
  CHECK(stack_after.ss_flags == stack_before.ss_flags && stack_after.ss_sp == stack_before.ss_sp);
  char *still = getcwd(NULL, 0);
  CHECK(strcmp(still, directory) == 0 && strcmp(setlocale(LC_ALL, NULL), locale) == 0);
  free(still), free(directory);

  /* Each allocation refused in turn, once and for good: a status, nothing lost, and the next try is as if nothing had been. */
  int64_t total = allocations;
  allocations = 0;
  int wrong = 0;
  for (refused_for_good = 0; refused_for_good < 2; refused_for_good++) {
    for (int64_t n = 0; n < total; n += stride()) {
      allocations = 0, refused_at = n;
      stein_status status = everything(context);
      /* The diagnosis at the end of training may be left out. */
      if (status != STEIN_OUT_OF_MEMORY && status != STEIN_OK) wrong++, printf("allocation %lld: %d\n", (long long)n, status);
      if (living != 0) wrong++, printf("allocation %lld: %lld bytes kept\n", (long long)n, (long long)living);
    }
  }
  refused_at = -1;
  CHECK(wrong == 0);
  CHECK(everything(context) == STEIN_OK);
  CHECK(stein_context_free(context) == STEIN_OK && living == 0);

  /* After the first steps training allocates nothing: ten steps and a thousand take as many objects. */
  CHECK(stein_context_new("threads=2", NULL, &context, &error) == STEIN_OK);
  stein_dataset *rows = make_rows(context, 400);
  stein_model *model = NULL;
  stein_trainer *trainer = NULL;
  CHECK(stein_model_new(context, rows, "widths=32,32", &model, &error) == STEIN_OK);
  CHECK(stein_trainer_new(model, rows, "steps=100000 validation=0 checks=1", &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_run(trainer, 20, NULL, NULL, &error) == STEIN_OK);
  long start = mallocs;
  CHECK(stein_trainer_run(trainer, 10, NULL, NULL, &error) == STEIN_OK);
  long few = mallocs - start;
  start = mallocs;
  CHECK(stein_trainer_run(trainer, 1000, NULL, NULL, &error) == STEIN_OK);
  long many = mallocs - start;
  CHECK(many == few);
  stein_trainer_free(trainer), stein_model_free(model), stein_dataset_free(rows), stein_context_free(context);

  /* A limit is a status, not a crash; a larger one serves. */
  stein_context *small = NULL, *large = NULL;
  CHECK(stein_context_new("memory_limit=20000", NULL, &small, &error) == STEIN_OK);
  CHECK(everything(small) == STEIN_OUT_OF_MEMORY);
  CHECK(stein_context_new("memory_limit=67108864", NULL, &large, &error) == STEIN_OK);
  CHECK(everything(large) == STEIN_OK);

  /* R18: a forked child goes on with objects that no other thread was using. */
  pid_t child = fork();
  if (child == 0) _exit(everything(large) == STEIN_OK ? 0 : 1);
  int result = -1;
  CHECK(waitpid(child, &result, 0) == child && result == 0);

  /* R13: a smaller error struct is filled as far as it goes, and no further. */
  struct { stein_error error; char behind[8]; } partial;
  memset(&partial, 0x5a, sizeof partial);
  partial.error.struct_size = 12;
  CHECK(stein_context_new("threads=x", NULL, &small, &partial.error) == STEIN_BAD_OPTION);
  CHECK(partial.error.status == STEIN_BAD_OPTION && partial.error.parameter == 1 && (char)partial.error.option[0] == 0x5a);
  stein_context_free(small), stein_context_free(large);
  return report("host");
}
