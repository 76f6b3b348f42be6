/* Completes a table: learns from all but its last rows, hides a third of
 * those, and draws what was hidden given the rest.
 *
 * Every hidden value is drawn many times, so there is a guess (the mean) and
 * how sure it is (the deviation).   impute wine.csv */
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

/* Numbers of a .csv with a header, without its last column (the class). */
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

int main(int argc, char **argv) {
  enum { D = 13, MOST = 1000, TAKEN = 40, DRAWS = 64 };
  if (argc != 2) {
    fprintf(stderr, "usage: %s wine.csv\n", argv[0]);
    return 2;
  }
  static double table[MOST * D], hidden[TAKEN * DRAWS * D],
      filled[TAKEN * DRAWS * D], train[MOST * D], test[TAKEN * D];
  int count = read_table(argv[1], table, MOST, D), kept = 0, taken = 0;
  /* The file is sorted by class, so every fourth row is taken away. */
  for (int i = 0; i < count; i++) {
    int away = i % 4 == 1 && taken < TAKEN;
    double *to = away ? test + D * taken++ : train + D * kept++;
    for (int j = 0; j < D; j++) to[j] = table[i * D + j];
  }

  stein_context *context;
  stein_dataset *dataset;
  stein_model *model;
  stein_trainer *trainer;
  int64_t shape[] = {kept, D}, many[] = {taken * DRAWS, D};
  stein_tensor rows = stein_float64(train, 2, shape);
  check(stein_context_new(NULL, NULL, &context, &error));
  check(stein_dataset_new(context, &rows, NULL, NULL, &dataset, &error));
  check(stein_model_new(context, dataset, NULL, &model, &error));
  check(stein_trainer_new(model, dataset, "seed=1", &trainer, &error));
  check(stein_trainer_run(trainer, 0, NULL, NULL, &error));

  /* A NaN is what is not known: a third, the same in all copies of a row. */
  for (int i = 0; i < taken * DRAWS; i++)
    for (int j = 0; j < D; j++)
      hidden[i * D + j] =
          (i / DRAWS + j) % 3 == 0 ? NAN : test[i / DRAWS * D + j];
  stein_tensor x = stein_float64(hidden, 2, many),
               out = stein_float64(filled, 2, many);
  /* On so few rows the default, which holds what is known still, would draw
   * too narrow: see stein.h. */
  check(stein_impute(model, &x, NULL, NULL, "seed=2 method=covariance", &out,
                     NULL, &error));

  /* Errors in deviations of the column, beside those of guessing its mean;
   * and how often a guess is as sure as it says. */
  double own = 0, plain = 0, within = 0;
  int values = 0;
  for (int j = 0; j < D; j++) {
    double mean = 0, square = 0;
    for (int i = 0; i < kept; i++) mean += train[i * D + j] / kept;
    for (int i = 0; i < kept; i++)
      square += (train[i * D + j] - mean) * (train[i * D + j] - mean) / kept;
    for (int i = 0; i < taken; i++) {
      if ((i + j) % 3) continue;
      double guess = 0, spread = 0, truth = test[i * D + j];
      for (int k = 0; k < DRAWS; k++)
        guess += filled[(i * DRAWS + k) * D + j] / DRAWS;
      for (int k = 0; k < DRAWS; k++)
        spread += pow(filled[(i * DRAWS + k) * D + j] - guess, 2) / DRAWS;
      own += fabs(guess - truth) / sqrt(square),
          plain += fabs(mean - truth) / sqrt(square);
      within += fabs(guess - truth) < 2 * sqrt(spread);
      values++;
    }
  }
  printf("%d hidden values: mean error %.2f deviations, of the columns' "
         "means %.2f; %.0f %% within two of the predicted deviations\n",
         values, own / values, plain / values, 100 * within / values);
  stein_trainer_free(trainer), stein_model_free(model),
      stein_dataset_free(dataset), stein_context_free(context);
  return !(own < 0.9 * plain && within > 0.75 * values);
}
