/* Eight threads that read what others change: every call gives its result or STEIN_BUSY, and the results are those of a quiet library.
 *   sharing [rounds]      R5, R6. */
#include <pthread.h>

#include "check.h"

enum { READERS = 8, WRITERS = 3 };

static stein_context *context;
static stein_dataset *dataset;
static stein_model *model, *shown;
static stein_trainer *trainer;
static stein_graph *graph;
static stein_chains *chains;
static stein_density *density;
static int rounds, wrong, busy, stopped;
static float drawn[30];
static double scored[30], loss;

#define expect(right) \
  do { \
    if (!(right)) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED), printf("not so: %s\n", #right); \
  } while (0)

/* Those that read what is being changed may be refused. */
static void served(stein_status status) {
  if (status == STEIN_BUSY) __atomic_fetch_add(&busy, 1, __ATOMIC_RELAXED);
  else if (status != STEIN_OK && status != STEIN_BUFFER_TOO_SMALL)
    __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED), printf("%s\n", stein_status_name(status));
}

static void *read_all(void *number) {
  float rows[30];
  double points[30], scores[30], value;
  int64_t shape[] = {10, 3}, lengths[5];
  int32_t axes;
  uint64_t needed;
  stein_tensor out = stein_float32(rows, 2, shape), x = stein_float64(points, 2, shape), s = stein_float64(scores, 2, shape);
  for (int i = 0; i < 30; i++) points[i] = i % 7;
  for (int i = *(int *)number; !__atomic_load_n(&stopped, __ATOMIC_RELAXED); i++) {
    switch (i % 8) {
      case 0: expect(stein_sample(model, NULL, NULL, "seed=5 steps=4", &out, NULL, NULL) == STEIN_OK && memcmp(rows, drawn, sizeof rows) == 0); break;
      case 1: expect(stein_model_score(model, &x, NULL, 0.5, &s, NULL, NULL) == STEIN_OK && memcmp(scores, scored, sizeof scores) == 0); break;
      case 2: expect(stein_model_loss(model, dataset, "draws=2", &value, NULL, NULL) == STEIN_OK && memcmp(&value, &loss, sizeof value) == 0); break;
      case 3: expect(stein_model_score(shown, &x, NULL, 0.5, &s, NULL, NULL) == STEIN_OK); break; /* while it is trained */
      case 4: expect(stein_dataset_describe(dataset, NULL, 0, &needed, NULL) == STEIN_BUFFER_TOO_SMALL); break;
      case 5: served(stein_trainer_describe(trainer, NULL, 0, &needed, NULL)); break;
      case 6: served(stein_graph_shape(graph, 0, &axes, lengths, NULL)); break;
      default: served(stein_chains_describe(chains, NULL, 0, &needed, NULL));
    }
  }
  return NULL;
}

/* Two of each: whichever comes second is refused. A graph has at most 4,096 nodes. */
static void *change(void *which) {
  double values[12];
  int64_t shape[] = {2, 2, 3};
  stein_tensor draws = stein_float64(values, 3, shape);
  int32_t node;
  for (int i = 0; i < rounds; i++) {
    switch (*(int *)which % 3) {
      case 0: served(stein_trainer_run(trainer, 2, NULL, NULL, NULL)); break;
      case 1: served(stein_chains_run(chains, &draws, NULL, NULL, NULL)); break;
      default: if (i < 1500) served(stein_graph_node(graph, "constant", NULL, 0, "value=1", NULL, &node, NULL));
    }
  }
  return NULL;
}

/* Objects come and go beside all this. */
static void *make_and_free(void *unused) {
  (void)unused;
  for (int i = 0; i < rounds; i++) {
    stein_model *made = NULL;
    stein_context *other = NULL;
    expect(stein_context_new("threads=2", NULL, &other, NULL) == STEIN_OK);
    expect(stein_model_new(other, dataset, "widths=4", &made, NULL) == STEIN_OK);
    expect(stein_context_free(other) == STEIN_OK && stein_model_free(made) == STEIN_OK);
  }
  return NULL;
}

int main(int count, char **arguments) {
  rounds = count > 1 ? atoi(arguments[1]) : 1 + 1999 / stride();
  CHECK(stein_context_new("threads=2", NULL, &context, &error) == STEIN_OK);
  dataset = make_rows(context, 120);
  model = make_trained(context, dataset, "widths=8");
  shown = make_trained(context, dataset, "widths=8");
  CHECK(stein_trainer_new(shown, dataset, "steps=1000000 batch=16 validation=0", &trainer, &error) == STEIN_OK);
  CHECK(stein_graph_new(context, &graph, &error) == STEIN_OK);
  int32_t node;
  CHECK(stein_graph_node(graph, "x", NULL, 0, "columns=3", NULL, &node, &error) == STEIN_OK);
  stein_model *gaussian = make_trained(context, dataset, "family=gaussian");
  CHECK(stein_density_from_model(gaussian, NULL, 0.5, &density, &error) == STEIN_OK);
  CHECK(stein_chains_new(density, "kernel=mala chains=2 warmup=200", NULL, &chains, &error) == STEIN_OK);

  double points[30];
  int64_t shape[] = {10, 3};
  for (int i = 0; i < 30; i++) points[i] = i % 7;
  stein_tensor out = stein_float32(drawn, 2, shape), x = stein_float64(points, 2, shape), s = stein_float64(scored, 2, shape);
  CHECK(stein_sample(model, NULL, NULL, "seed=5 steps=4", &out, NULL, &error) == STEIN_OK);
  CHECK(stein_model_score(model, &x, NULL, 0.5, &s, NULL, &error) == STEIN_OK);
  CHECK(stein_model_loss(model, dataset, "draws=2", &loss, NULL, &error) == STEIN_OK);

  pthread_t readers[READERS], writers[2 * WRITERS + 1];
  int numbers[READERS];
  for (int i = 0; i < READERS; i++) numbers[i] = i, pthread_create(&readers[i], NULL, read_all, &numbers[i]);
  for (int i = 0; i < 2 * WRITERS; i++) pthread_create(&writers[i], NULL, change, &numbers[i]);
  pthread_create(&writers[2 * WRITERS], NULL, make_and_free, NULL);
  for (int i = 0; i < 2 * WRITERS + 1; i++) pthread_join(writers[i], NULL);
  __atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
  CHECK(wrong == 0);
  if (count > 1) printf("%d calls were refused as busy\n", busy);
  CHECK(stein_trainer_run(trainer, 1, NULL, NULL, &error) == STEIN_OK);
  stein_chains_free(chains), stein_density_free(density), stein_graph_free(graph), stein_trainer_free(trainer);
  stein_model_free(gaussian), stein_model_free(shown), stein_model_free(model), stein_dataset_free(dataset), stein_context_free(context);
  return report("sharing");
}
