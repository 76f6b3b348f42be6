/* Handles that were never made, were freed, or are freed by others: of every kind, by many threads.   handles [invented handles]
 * R4, R5, R6. */
#include <pthread.h>
#include <unistd.h>

#include "check.h"

enum { CONTEXT, DATASET, MODEL, TRAINER, GRAPH, DENSITY, CHAINS, KINDS };

static stein_status free_one(int kind, void *handle) {
  switch (kind) {
    case CONTEXT: return stein_context_free(handle);
    case DATASET: return stein_dataset_free(handle);
    case MODEL: return stein_model_free(handle);
    case TRAINER: return stein_trainer_free(handle);
    case GRAPH: return stein_graph_free(handle);
    case DENSITY: return stein_density_free(handle);
    default: return stein_chains_free(handle);
  }
}

/* A call that looks a handle up and does little else. */
static stein_status use_one(int kind, void *handle, stein_error *told) {
  int32_t axes;
  int64_t shape[5];
  uint64_t needed;
  stein_status status;
  switch (kind) {
    case CONTEXT: {
      stein_graph *graph = NULL;
      status = stein_graph_new(handle, &graph, told);
      stein_graph_free(graph);
      return status;
    }
    case DATASET: return stein_dataset_shape(handle, &axes, shape, told);
    case MODEL: return stein_model_shape(handle, &axes, shape, told);
    case TRAINER: status = stein_trainer_describe(handle, NULL, 0, &needed, told); break;
    case GRAPH: return stein_graph_shape(handle, 0, &axes, shape, told);
    case DENSITY: {
      stein_chains *chains = NULL;
      status = stein_chains_new(handle, "chains=1", NULL, &chains, told);
      stein_chains_free(chains);
      return status;
    }
    default: status = stein_chains_describe(handle, NULL, 0, &needed, told);
  }
  return status == STEIN_BUFFER_TOO_SMALL ? STEIN_OK : status;
}

/* A call that has the object alone, where there is one. */
static stein_status change_one(int kind, void *handle) {
  int64_t shape[] = {1, 2, 3};
  double values[6];
  int32_t node;
  stein_tensor draws = stein_float64(values, 3, shape);
  switch (kind) {
    case TRAINER: return stein_trainer_run(handle, 1, NULL, NULL, NULL);
    case GRAPH: return stein_graph_node(handle, "constant", NULL, 0, "value=1", NULL, &node, NULL);
    case CHAINS: return stein_chains_run(handle, &draws, NULL, NULL, NULL);
    default: return use_one(kind, handle, NULL);
  }
}

static stein_context *context;
static stein_dataset *dataset;
static stein_model *trained;
static stein_density *density;

static void *make_one(int kind) {
  void *made = NULL;
  int32_t node;
  int64_t shape[] = {20, 3};
  static double values[60];
  for (int i = 0; i < 60; i++) values[i] = i * 7 % 11;
  stein_tensor rows = stein_float64(values, 2, shape);
  stein_status status = STEIN_OK;
  switch (kind) {
    case CONTEXT: status = stein_context_new("threads=1", NULL, (stein_context **)&made, &error); break;
    case DATASET: status = stein_dataset_new(context, &rows, NULL, NULL, (stein_dataset **)&made, &error); break;
    case MODEL: status = stein_model_new(context, dataset, "family=gaussian", (stein_model **)&made, &error); break;
    case TRAINER: {
      stein_model *model = NULL;
      status = stein_model_new(context, dataset, "widths=4", &model, &error);
      if (!status) status = stein_trainer_new(model, dataset, "steps=100000 batch=16 validation=0", (stein_trainer **)&made, &error);
      stein_model_free(model);
      break;
    }
    case GRAPH:
      status = stein_graph_new(context, (stein_graph **)&made, &error);
      if (!status) status = stein_graph_node(made, "x", NULL, 0, "columns=3", NULL, &node, &error);
      break;
    case DENSITY: status = stein_density_from_model(trained, NULL, 0, (stein_density **)&made, &error); break;
    default: status = stein_chains_new(density, "kernel=mala chains=1 warmup=200", NULL, (stein_chains **)&made, &error);
  }
  CHECK(status == STEIN_OK && made != NULL);
  return made;
}

/* ---- Free during use ------------------------------------------------------------------------------------------------------------------- */

static void *target;
static int target_kind, wrong, freed, started;

static void *reader(void *unused) {
  (void)unused;
  __atomic_fetch_add(&started, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 10000; i++) {
    stein_status status = i % 4 ? use_one(target_kind, target, NULL) : change_one(target_kind, target);
    if (status == STEIN_BAD_HANDLE) return NULL;
    if (status != STEIN_OK && status != STEIN_BUSY && status != STEIN_BAD_VALUE) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

/* Of all who free an object, one has done so. */
static void *freer(void *delay) {
  while (__atomic_load_n(&started, __ATOMIC_RELAXED) < 4) usleep(100);
  usleep(*(unsigned *)delay);
  stein_status status = free_one(target_kind, target);
  if (status == STEIN_OK) __atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
  else if (status != STEIN_BAD_HANDLE) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
  return NULL;
}

static void free_during_use(int kind, int rounds) {
  uint32_t state = 7;
  int wrong_counts = 0;
  for (int round = 0; round < rounds; round++) {
    target_kind = kind, target = make_one(kind), freed = started = 0;
    pthread_t threads[6];
    unsigned delays[2];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, reader, NULL);
    for (int i = 0; i < 2; i++) {
      delays[i] = (state = state * 1664525u + 1013904223u) >> 22;
      pthread_create(&threads[4 + i], NULL, freer, &delays[i]);
    }
    for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
    wrong_counts += freed != 1 || use_one(kind, target, NULL) != STEIN_BAD_HANDLE || free_one(kind, target) != STEIN_BAD_HANDLE;
  }
  CHECK(wrong_counts == 0 && wrong == 0);
}

int main(int count, char **arguments) {
  long invented = count > 1 ? atol(arguments[1]) : 2000000 / stride() / stride();
  CHECK(stein_context_new("threads=2", NULL, &context, &error) == STEIN_OK);
  dataset = make_rows(context, 100);
  trained = make_trained(context, dataset, "family=gaussian");
  CHECK(stein_density_from_model(trained, NULL, 0.5, &density, &error) == STEIN_OK);

  /* Every kind where every kind is wanted: its own serves, another is refused, and so is a freed one, however often. */
  for (int kind = 0; kind < KINDS; kind++) {
    void *made = make_one(kind);
    for (int wanted = 0; wanted < KINDS; wanted++) {
      CHECK((use_one(wanted, made, &error) == STEIN_OK) == (wanted == kind));
      if (wanted != kind) CHECK(error.status == STEIN_BAD_HANDLE && free_one(wanted, made) == STEIN_BAD_HANDLE);
    }
    CHECK(free_one(kind, made) == STEIN_OK && free_one(kind, NULL) == STEIN_OK);
    for (int i = 0; i < 3; i++) CHECK(free_one(kind, made) == STEIN_BAD_HANDLE && use_one(kind, made, &error) == STEIN_BAD_HANDLE);
    /* Its place may be taken again; the old handle is none of the new object's. */
    void *next = make_one(kind);
    CHECK(next != made && free_one(kind, made) == STEIN_BAD_HANDLE && use_one(kind, next, &error) == STEIN_OK && free_one(kind, next) == STEIN_OK);
  }

  for (int kind = 0; kind < KINDS; kind++) free_during_use(kind, count > 2 ? atoi(arguments[2]) : 1 + 19 / stride());

  /* Invented handles: bits at random, and a living handle with a bit changed. */
  void *living[KINDS];
  for (int kind = 0; kind < KINDS; kind++) living[kind] = make_one(kind);
  uint64_t state = 88172645463325252u;
  long hits = 0;
  for (long i = 0; i < invented; i++) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    int kind = (int)(i % KINDS);
    uint64_t bits = i / KINDS % 2 ? state : (uint64_t)(uintptr_t)living[kind] ^ 1ull << state % 64;
    int known = 0;
    for (int j = 0; j < KINDS; j++) known |= bits == (uint64_t)(uintptr_t)living[j];
    known |= bits == (uint64_t)(uintptr_t)context || bits == (uint64_t)(uintptr_t)dataset || bits == (uint64_t)(uintptr_t)trained
      || bits == (uint64_t)(uintptr_t)density || bits == 0;
    if (known) continue;
    void *handle = (void *)(uintptr_t)bits;
    hits += i % 16 ? use_one(kind, handle, NULL) != STEIN_BAD_HANDLE : free_one(kind, handle) != STEIN_BAD_HANDLE;
  }
  CHECK(hits == 0);
  for (int kind = 0; kind < KINDS; kind++) CHECK(free_one(kind, living[kind]) == STEIN_OK);
  if (count > 1) printf("%ld invented handles refused\n", invented);
  stein_density_free(density), stein_model_free(trained), stein_dataset_free(dataset), stein_context_free(context);
  return report("handles");
}
