/* Finds rows that are unlike the rest: learns two of the table's three
 * classes, then scores rows it has not seen, among them the third class.
 *
 * A row's score is its denoising loss: noise is added many times, at many
 * levels, and what the model can't take away counts. Beside it the distance
 * to the nearest row learnt from, which costs no training: a score that does
 * no better is not worth its time.   anomaly wine.csv */
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

enum { D = 13, MOST = 1000 };
static double table[MOST * (D + 1)], train[MOST * D], test[MOST * D],
    losses[MOST], distances[MOST];
static int strange[MOST];

/* Numbers of a .csv with a header. */
static int read_table(const char *path, double *values, int most,
                      int columns) {
  char line[4096];
  int rows = 0;
  FILE *file = fopen(path, "r");
  if (!file || !fgets(line, sizeof line, file)) {
    fprintf(stderr, "%s can't be read\n", path);
    exit(1);
  }
  while (rows < most && fgets(line, sizeof line, file)) {
    char *place = line;
    for (int j = 0; j < columns; j++, place += *place == ',')
      values[rows * columns + j] = strtod(place, &place);
    rows++;
  }
  fclose(file);
  return rows;
}

/* How often a strange row scores higher than a usual one: 1 is perfect, 0.5
 * is chance. */
static double area(const double *score, int count) {
  double won = 0, pairs = 0;
  for (int i = 0; i < count; i++)
    for (int k = 0; k < count; k++)
      if (strange[i] && !strange[k])
        won += score[i] > score[k] ? 1 : 0.5 * (score[i] == score[k]),
            pairs++;
  return won / pairs;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s wine.csv\n", argv[0]);
    return 2;
  }
  int count = read_table(argv[1], table, MOST, D + 1), learnt = 0, tested = 0,
      strangers = 0;
  for (int i = 0; i < count; i++) {
    const double *row = table + i * (D + 1);
    int third = row[D] == 2, kept = !third && i % 2;
    double *to = kept ? train + D * learnt++ : test + D * tested;
    for (int j = 0; j < D; j++) to[j] = row[j];
    if (!kept) strange[tested++] = third, strangers += third;
  }

  stein_context *context;
  stein_dataset *usual, *asked;
  stein_model *model;
  stein_trainer *trainer;
  int64_t shape[] = {learnt, D}, others[] = {tested, D}, each[] = {tested};
  stein_tensor rows = stein_float64(train, 2, shape),
               x = stein_float64(test, 2, others),
               out = stein_float64(losses, 1, each);
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_dataset_new(context, &rows, NULL, NULL, &usual, &error));
  check(stein_dataset_new(context, &x, NULL, NULL, &asked, &error));
  check(stein_model_new(context, usual, NULL, &model, &error));
  check(stein_trainer_new(model, usual, "seed=1", &trainer, &error));
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));
  check(stein_model_losses(model, asked, "draws=256 seed=2", &out, NULL,
                           &error));

  /* The nearest row learnt from, each column in its deviations. */
  for (int i = 0; i < tested; i++) distances[i] = INFINITY;
  double inverse[D];
  for (int j = 0; j < D; j++) {
    double mean = 0, square = 0;
    for (int k = 0; k < learnt; k++) mean += train[k * D + j] / learnt;
    for (int k = 0; k < learnt; k++)
      square +=
          (train[k * D + j] - mean) * (train[k * D + j] - mean) / learnt;
    inverse[j] = 1 / sqrt(square);
  }
  for (int i = 0; i < tested; i++)
    for (int k = 0; k < learnt; k++) {
      double square = 0;
      for (int j = 0; j < D; j++)
        square += pow((test[i * D + j] - train[k * D + j]) * inverse[j], 2);
      if (square < distances[i]) distances[i] = square;
    }

  double own = area(losses, tested), nearest = area(distances, tested),
         usual_mean = 0, strange_mean = 0;
  for (int i = 0; i < tested; i++)
    *(strange[i] ? &strange_mean : &usual_mean) +=
        losses[i] / (strange[i] ? strangers : tested - strangers);
  printf("%d rows learnt, %d asked, %d of them strange: mean score %.2f of "
         "usual rows, %.2f of strange ones\n",
         learnt, tested, strangers, usual_mean, strange_mean);
  printf("area under the curve %.3f, by the nearest row %.3f\n", own,
         nearest);
  stein_trainer_free(trainer), stein_model_free(model),
      stein_dataset_free(asked), stein_dataset_free(usual),
      stein_context_free(context);
  return !(own > 0.9 && own > nearest - 0.05);
}
