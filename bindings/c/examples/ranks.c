/* Training over ranks with MPI: every rank has its part of the rows, and all
 * end with the same weights.
 *
 *     mpicc ranks.c -lstein -lm -o ranks && mpirun -n 3 ./ranks
 *
 * The library knows of no network: it asks for sums, and the ten lines of
 * `sum` are all there is of MPI. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "stein.h"

static stein_error error = STEIN_ERROR_INIT;

static void check(stein_status status) {
  if (status == STEIN_OK) return;
  fprintf(stderr, "%s: %s\n", stein_status_name(status), error.message);
  MPI_Abort(MPI_COMM_WORLD, 1);
}

static int32_t sum(void *user, void *values, int64_t count, int32_t bits) {
  MPI_Comm ranks = *(MPI_Comm *)user;
  MPI_Datatype type = bits == 32 ? MPI_FLOAT : MPI_DOUBLE;
  for (int64_t done = 0; done < count; done += 1 << 30) {
    int part = (int)(count - done < 1 << 30 ? count - done : 1 << 30);
    int failed = MPI_Allreduce(MPI_IN_PLACE, (char *)values + done * bits / 8,
                               part, type, MPI_SUM, ranks);
    if (failed) return failed;
  }
  return 0;
}

static double uniform(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/* Row i of a table that nobody holds whole: a ring with noise, denser on one
 * side. */
static void make_row(int64_t i, double *row) {
  uint64_t state = (uint64_t)i * 0x9e3779b97f4a7c15u + 1;
  for (int k = 0; k < 4; k++) uniform(&state);
  double angle = 6.283185307179586 * pow(uniform(&state), 1.5),
         radius = 2 + 0.2 * (uniform(&state) + uniform(&state) - 1);
  row[0] = radius * cos(angle), row[1] = radius * sin(angle);
}

int main(int argc, char **argv) {
  enum { N = 6000, D = 2 };
  int rank, ranks;
  MPI_Comm world = MPI_COMM_WORLD;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &ranks);

  /* Parts of unequal size are as good as equal ones. */
  int64_t first = (int64_t)N * rank * rank / ranks / ranks,
          last = (int64_t)N * (rank + 1) * (rank + 1) / ranks / ranks;
  double *rows = malloc(sizeof *rows * (size_t)((last - first) * D));
  for (int64_t i = first; i < last; i++) make_row(i, rows + (i - first) * D);

  stein_context *context;
  stein_dataset *dataset;
  stein_model *model;
  stein_trainer *trainer;
  int64_t shape[] = {last - first, D};
  stein_tensor data = stein_float64(rows, 2, shape);
  check(stein_context_new("threads=1", NULL, &context, &error));
  check(stein_dataset_new(context, &data, NULL, NULL, &dataset, &error));

  /* Rank 0 makes the model, whose columns' scales are those of its rows; the
   * others read its bytes. */
  uint64_t size = 0;
  char *bytes = NULL;
  if (rank == 0) {
    check(
        stein_model_new(context, dataset, "widths=64,64,64", &model, &error));
    if (stein_model_write(model, NULL, 0, &size, NULL) !=
        STEIN_BUFFER_TOO_SMALL)
      return 1;
    bytes = malloc(size);
    check(stein_model_write(model, bytes, size, &size, &error));
  }
  MPI_Bcast(&size, 1, MPI_UINT64_T, 0, world);
  if (rank != 0) bytes = malloc(size);
  MPI_Bcast(bytes, (int)size, MPI_BYTE, 0, world);
  if (rank != 0)
    check(stein_model_read(context, bytes, size, &model, &error));

  check(stein_trainer_new(model, dataset, "steps=1500 seed=1", &trainer,
                          &error));
  check(stein_trainer_set_allreduce(trainer, rank, ranks, sum, &world, NULL,
                                    &error));
  double begun = MPI_Wtime();
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));
  double seconds = MPI_Wtime() - begun;

  /* Rows are drawn as tasks too: each rank draws its own, and row k is the
   * same whoever draws it. */
  enum { EACH = 2000 };
  static float drawn[EACH * D];
  int64_t many[] = {EACH, D};
  char options[64];
  snprintf(options, sizeof options, "seed=2 first_index=%d", rank * EACH);
  stein_tensor out = stein_float32(drawn, 2, many);
  check(stein_sample(model, NULL, NULL, options, &out, NULL, &error));
  double sums[3] = {0, 0, EACH}; /* of the radius and of x */
  for (int i = 0; i < EACH; i++)
    sums[0] += hypot(drawn[D * i], drawn[D * i + 1]), sums[1] += drawn[D * i];
  MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_DOUBLE, MPI_SUM, world);
  double true_x = 0, row[D];
  for (int64_t i = 0; i < N; i++) make_row(i, row), true_x += row[0] / N;
  double radius = sums[0] / sums[2], x = sums[1] / sums[2];
  if (rank == 0)
    printf("%d ranks: %.1f s; mean radius %.3f (data 2.000), mean x %.3f "
           "(data %.3f)\n",
           ranks, seconds, radius, x, true_x);

  free(rows), free(bytes);
  stein_trainer_free(trainer), stein_model_free(model),
      stein_dataset_free(dataset), stein_context_free(context);
  MPI_Finalize();
  return !(fabs(radius - 2) < 0.1 && fabs(x - true_x) < 0.15);
}
