/* Bytes as a sequence of calls of the whole interface, on objects that earlier calls made, freed or never made. */
#include <unistd.h>

#include "host.h"

/* ---- Objects ----------------------------------------------------------------------------------------------------------------------------- */

enum object { CONTEXTS, DATASETS, MODELS, TRAINERS, GRAPHS, DENSITIES, RUNS, OBJECTS };
enum { PLACES = 3 };
static void *living_objects[OBJECTS][PLACES];
static void *freed_object;

static stein_status free_object(enum object kind, void *handle) {
  switch (kind) {
    case CONTEXTS: return stein_context_free(handle);
    case DATASETS: return stein_dataset_free(handle);
    case MODELS: return stein_model_free(handle);
    case TRAINERS: return stein_trainer_free(handle);
    case GRAPHS: return stein_graph_free(handle);
    case DENSITIES: return stein_density_free(handle);
    default: return stein_chains_free(handle);
  }
}

static void drop(enum object kind, int place) {
  void *handle = living_objects[kind][place];
  if (!handle) return;
  freed_object = handle;
  called = "free";
  living_objects[kind][place] = NULL;
  MUST(free_object(kind, handle) == STEIN_OK && free_object(kind, handle) == STEIN_BAD_HANDLE);
}

/* A living object if there is one. R4: seldom a handle of another kind, a freed one, or bits. */
static void *pick(enum object kind) {
  uint8_t choice = byte();
  void *handle = NULL;
  for (int i = 0; i < PLACES && !handle; i++) handle = living_objects[kind][(choice + i) % PLACES];
  if (choice < 240) return handle;
  switch (choice % 4) {
    case 0: return living_objects[byte() % OBJECTS][byte() % PLACES];
    case 1: return freed_object;
    case 2: return (void *)(uintptr_t)word();
    default: return (void *)((uintptr_t)handle ^ (uintptr_t)1 << byte() % 64);
  }
}

static void *const untouched = (void *)(uintptr_t)0x5A5A5A5A5A5A5A5A;

/* What a call wrote where a handle goes: a new object if it succeeded, else nothing. */
static void keep(enum object kind, void *handle, int made) {
  MUST(made ? handle != NULL && handle != untouched : handle == untouched);
  if (!made) return;
  int place = byte() % PLACES;
  drop(kind, place);
  living_objects[kind][place] = handle;
}

/* ---- What calls take --------------------------------------------------------------------------------------------------------------------- */

static int64_t row_shape[5];
static int32_t row_axes;

/* The shape of some rows of an object's: of a model's or a data set's own columns, unless the bytes want another. */
static void shape_of(const void *model, const void *dataset) {
  if ((model ? stein_model_shape(model, &row_axes, row_shape, NULL) : stein_dataset_shape(dataset, &row_axes, row_shape, NULL)) != STEIN_OK || odd()) {
    row_axes = 1 + byte() % 4;
    for (int i = 0; i < 5; i++) row_shape[i] = 1 + byte() % 4;
  }
  row_shape[0] = byte() % 13;
}

static stein_tensor *rows(int writes) { return tensor(row_axes, row_shape, writes, 0); }
static stein_tensor *column(int writes) { return tensor(1, row_shape, writes, 0); }
static stein_tensor *classes(void) { return byte() < 200 ? NULL : tensor(1, row_shape, 0, 1); }

static stein_tensor *matrices(void) {
  int64_t d = 1;
  for (int i = 1; i < row_axes; i++) d *= row_shape[i];
  return tensor(3, (int64_t[]){row_shape[0], d, d}, 1, 0);
}

static uint8_t progress_code;

/* R10: from inside a call, one that takes a monitor is BUSY; others are as anywhere. */
static int32_t progress(void *user, const stein_monitor *monitor) {
  stein_monitor own;
  memset(&own, 0, sizeof own);
  own.struct_size = sizeof own;
  MUST(user == &progress_code && monitor->struct_size >= sizeof own);
  int64_t one[] = {1, 1};
  double value = 0;
  stein_tensor out = stein_float64(&value, 2, one);
  for (int i = 0; i < PLACES; i++)
    if (living_objects[MODELS][i]) MUST(stein_sample(living_objects[MODELS][i], NULL, NULL, NULL, &out, &own, NULL) == STEIN_BUSY);
  return progress_code < 200 ? 0 : (int8_t)progress_code;
}

/* Every call ends within 60 ms, or the fuzzer says which does not. */
static stein_monitor *watch(void) {
  stein_monitor *monitor = block(sizeof *monitor);
  memset(monitor, 0, sizeof *monitor);
  monitor->struct_size = sizeof *monitor;
  monitor->deadline_ns = nanoseconds() + 60000000;
  uint8_t choice = byte();
  if (choice == 255) monitor->cancel = (int32_t)whole();
  if (choice == 254) monitor->deadline_ns = 1;
  if (choice == 253) monitor->struct_size = byte();
  if (choice & 1) progress_code = byte(), monitor->progress = progress, monitor->user = &progress_code;
  return monitor;
}

/* Functions of the caller's: right, wrong, or not finite, as a byte says. */
static int64_t held;
static uint8_t behaviour;

static void release(void *user) {
  called = "release";
  MUST(user == &held && held > 0);
  held--;
}

static int32_t noise(void *user, int64_t n, int64_t d, const double *sigma, const double *x, const uint64_t *bits, double *noisy, double *score) {
  MUST(user == &held);
  for (int64_t i = 0; i < n * d; i++) {
    double e = (double)(bits[i] >> 11) / 9007199254740992.0 - 0.5;
    noisy[i] = behaviour & 2 ? 1e300 : x[i] + sigma[i / d] * e;
    score[i] = behaviour & 4 ? NAN : -e / sigma[i / d];
  }
  return behaviour < 240 ? 0 : behaviour;
}

static int32_t sum(void *user, void *numbers, int64_t count, int32_t bits) {
  MUST(user == &held && count >= 0 && (bits == 32 || bits == 64));
  if (behaviour & 2) memset(numbers, 0xFF, (size_t)count * (size_t)bits / 8);
  return behaviour < 240 ? 0 : behaviour;
}

static int32_t normal(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  MUST(user == &held);
  for (int64_t i = 0; i < n; i++) {
    log_density[i] = behaviour & 2 && i % 2 ? -INFINITY : 0;
    for (int64_t j = 0; j < d; j++) {
      log_density[i] -= x[i * d + j] * x[i * d + j] / 2;
      score[i * d + j] = behaviour & 4 ? 1e300 : behaviour & 8 ? NAN : -x[i * d + j];
    }
  }
  return behaviour < 240 ? 0 : behaviour;
}

static char folder[] = "/tmp/stein-fuzz-XXXXXX";
static const char *const names[] = {"a.model", "b.model", "a.check", "b.check", "c.csv", "c.npy", "no/where", "."};

static const char *in_folder(const char *name) {
  char *path = block(128);
  snprintf(path, 128, "%s/%s", folder, name);
  return path;
}

static const char *path(void) {
  uint8_t choice = byte() % 11;
  return choice < 8 ? in_folder(names[choice]) : choice == 8 ? "" : choice == 9 ? "/" : "/dev/null";
}

static const char *const operations[] = {"x", "sigma", "parameter", "constant", "identity", "negate", "exp", "log", "tanh", "sigmoid", "softplus",
  "silu", "sqrt", "reciprocal", "sin", "cos", "abs", "sign", "relu", "step", "square", "power", "add", "subtract", "multiply", "divide", "maximum",
  "minimum", "greater", "select", "matmul", "dot", "squared_norm", "sum", "mean", "max", "log_sum_exp", "broadcast", "reshape", "transpose", "slice",
  "concatenate", "gather", "inverse", "log_determinant", "convolution",
  "transposed_convolution", "?"};
enum { OPERATIONS = sizeof operations / sizeof *operations };

#include "arrow.h"

/* ---- Calls ------------------------------------------------------------------------------------------------------------------------------- */

/* A call that writes text or bytes. R8. */
#define INTO_BUFFER(function, subject) \
  do { \
    uint64_t capacity = byte() < 200 ? 1 << 16 : byte(), needed = 77; \
    char *buffer = output(capacity); \
    stein_status status = function(subject, byte() == 255 ? NULL : buffer, capacity, &needed, &error); \
    if (after(status)) MUST(needed > 0 && needed <= capacity); \
    if (status == STEIN_BUFFER_TOO_SMALL) MUST(needed > capacity); \
  } while (0)

/* A call whose number comes out in *number. */
#define INTO_NUMBER(number, call) \
  do { \
    double *number = output(sizeof *number); \
    after(call); \
  } while (0)

static void make_dataset(void) {
  void *context = pick(CONTEXTS), *made = untouched;
  row_axes = odd() ? 1 + byte() % 5 : 2;
  for (int i = 0; i < 5; i++) row_shape[i] = 1 + byte() % 4;
  row_shape[0] = byte() % 48;
  stein_tensor *values = rows(0), *labels = classes();
  const char *text = options(DATASET);
  stein_status status = stein_dataset_new(context, values, labels, text, (stein_dataset **)&made, &error);
  keep(DATASETS, made, after(status));
}

static void add_node(void) {
  void *graph = pick(GRAPHS);
  const char *operation = operations[byte() % OPERATIONS], *text = options(GRAPH);
  int32_t inputs[4], *node = output(sizeof *node);
  for (int i = 0; i < 4; i++) inputs[i] = odd() ? (int32_t)whole() : byte() % 12;
  int32_t count = odd() ? (int32_t)whole() : byte() % 4;
  if (count > 4) count = 4;
  int64_t shape[] = {1 + byte() % 3, 1 + byte() % 3};
  stein_tensor *value = byte() < 160 ? NULL : tensor(1 + byte() % 2, shape, 0, 0);
  after(stein_graph_node(graph, operation, inputs, count, text, value, node, &error));
}

static void observe(int posterior) {
  void *model = pick(MODELS);
  shape_of(model, NULL);
  int64_t d = 1, m = 1 + byte() % 3;
  for (int i = 1; i < row_axes; i++) d *= row_shape[i];
  stein_tensor *first = posterior ? tensor(2, (int64_t[]){m, d}, 0, 0) : rows(0);
  stein_tensor *second = posterior ? tensor(2, (int64_t[]){row_shape[0], m}, 0, 0) : byte() < 60 ? NULL : rows(0);
  stein_tensor *labels = classes(), *out = rows(1);
  const char *text = options(IMPUTE);
  after(posterior ? stein_sample_posterior(model, first, second, labels, text, out, watch(), &error)
                  : stein_impute(model, first, second, labels, text, out, watch(), &error));
}

static void draw(void) {
  void *model = pick(MODELS);
  shape_of(model, NULL);
  stein_tensor *start = byte() < 200 ? NULL : rows(0), *labels = classes();
  const char *text = options(SAMPLER);
  const char *trajectory = text ? strstr(text, "trajectory=") : NULL;
  stein_tensor *out;
  if (trajectory && row_axes < 5) { /* out is [n, k, ...] */
    int64_t shape[6] = {row_shape[0], atoll(trajectory + 11)};
    if (shape[1] < 0 || shape[1] > 200) shape[1] = 3;
    for (int i = 1; i < row_axes; i++) shape[i + 1] = row_shape[i];
    out = tensor(row_axes + 1, shape, 1, 0);
  } else {
    out = rows(1);
  }
  after(stein_sample(model, start, labels, text, out, watch(), &error));
}

static void run_chains(void) {
  void *chains = pick(RUNS);
  static char text[1 << 16];
  uint64_t needed;
  int64_t count = 1 + byte() % 4, d = 1 + byte() % 4;
  if (stein_chains_describe(chains, text, sizeof text, &needed, NULL) == STEIN_OK && !odd()) {
    const char *place = strstr(text, "\"chains\":"), *columns = strstr(text, "\"dimension\":");
    if (place) count = strtoll(place + 9 + (place[9] == '"'), NULL, 10);
    if (columns) d = strtoll(columns + 12, NULL, 10);
  }
  if (count < 1 || count > 200 || d < 1 || d > 40) count = d = 2;
  int64_t n = byte() % 6;
  stein_tensor *draws = tensor(3, (int64_t[]){count, n, d}, 1, 0), *statistics = byte() < 128 ? NULL : tensor(3, (int64_t[]){count, n, 5}, 1, 0);
  behaviour = byte();
  after(stein_chains_run(chains, draws, statistics, watch(), &error));
}

/* Draws of several chains, and what is told of them. */
static void diagnose(int size) {
  void *context = pick(CONTEXTS);
  int64_t d = 1 + byte() % 3;
  stein_tensor *draws = tensor(3, (int64_t[]){1 + byte() % 4, byte() % 24, d}, 0, 0), *out = tensor(1, &d, 1, 0);
  const char *text = options(ESS);
  after(size ? stein_effective_sample_size(context, draws, text, out, watch(), &error) : stein_rhat(context, draws, out, watch(), &error));
}

static void compare(int which) {
  void *context = pick(CONTEXTS), *model = pick(MODELS);
  shape_of(model, NULL);
  stein_tensor *a = rows(0), *b, *labels = classes();
  if (which > 1) row_shape[0] = byte() % 13;
  b = rows(0);
  double sigma = number(), *out = output(sizeof *out), *second = byte() < 128 ? NULL : output(sizeof *second);
  const char *text = options(which == 0 ? KSD : which == 2 ? WASSERSTEIN : MMD);
  switch (which) {
    case 0: after(stein_kernel_stein_discrepancy(context, a, b, text, out, second, watch(), &error)); break;
    case 1: after(stein_fisher_divergence(model, a, labels, b, sigma, out, second, watch(), &error)); break;
    case 2: after(stein_sliced_wasserstein(context, a, b, text, out, watch(), &error)); break;
    default: after(stein_maximum_mean_discrepancy(context, a, b, text, out, second, watch(), &error)); break;
  }
}

static void evaluate(int which) {
  void *model = pick(MODELS);
  shape_of(model, NULL);
  stein_tensor *x = rows(0), *labels = classes();
  double sigma = number();
  const char *text = options(which == 5 ? LOG_LIKELIHOOD : which == 6 ? ENCODE : DECODE);
  switch (which) {
    case 0: after(stein_model_score(model, x, labels, sigma, byte() < 20 ? x : rows(1), watch(), &error)); break;
    case 1: after(stein_model_denoise(model, x, labels, sigma, byte() < 20 ? x : rows(1), watch(), &error)); break;
    case 2: after(stein_model_energy(model, x, labels, sigma, column(1), watch(), &error)); break;
    case 3: after(stein_model_jacobian(model, x, labels, sigma, matrices(), watch(), &error)); break;
    case 4: after(stein_model_denoise_covariance(model, x, labels, sigma, matrices(), watch(), &error)); break;
    case 5: {
      stein_tensor *out = column(1), *deviation = byte() < 128 ? NULL : column(1);
      after(stein_model_log_likelihood(model, x, labels, text, out, deviation, watch(), &error));
      break;
    }
    case 6: after(stein_encode(model, x, labels, text, byte() < 20 ? x : rows(1), watch(), &error)); break;
    default: after(stein_decode(model, x, labels, text, byte() < 20 ? x : rows(1), watch(), &error)); break;
  }
}

static void losses(int which) {
  void *model = pick(MODELS), *dataset = pick(DATASETS);
  shape_of(NULL, dataset);
  if (stein_dataset_shape(dataset, &row_axes, row_shape, NULL) != STEIN_OK) row_shape[0] = 3;
  int64_t k = byte() % 4;
  const char *text = options(which == 2 ? DENOISING : LOSS);
  switch (which) {
    case 0: INTO_NUMBER(out, stein_model_loss(model, dataset, text, out, watch(), &error)); break;
    case 1: after(stein_model_losses(model, dataset, text, column(1), watch(), &error)); break;
    default: {
      stein_tensor *sigmas = tensor(1, &k, 0, 0), *out = tensor(2, (int64_t[]){k, 3}, 1, 0);
      after(stein_model_denoise_error(model, dataset, sigmas, text, out, watch(), &error));
    }
  }
}

static void look(int which) {
  int32_t *axes = output(sizeof *axes);
  int64_t *shape = output(5 * sizeof *shape);
  switch (which) {
    case 0: after(stein_dataset_shape(pick(DATASETS), axes, shape, &error)); break;
    case 1: after(stein_model_shape(pick(MODELS), axes, shape, &error)); break;
    case 2: after(stein_graph_shape(pick(GRAPHS), odd() ? (int32_t)whole() : byte() % 12, axes, shape, &error)); break;
    default: {
      static const char *const known[] = {"mean", "m", "", "no", "theta", "0.weight", "precision", "w"};
      int64_t length = 1 + byte() % 4;
      void *model = pick(MODELS);
      const char *name = known[byte() % 8];
      stein_tensor *out = byte() < 128 ? NULL : tensor(1, &length, 1, 0);
      after(stein_model_parameter(model, name, byte() < 40 ? NULL : axes, byte() < 40 ? NULL : shape, out, &error));
    }
  }
}

static void describe_graph(void) {
  static const char *const formats[] = {"text", "dot", "formula", "picture", "", NULL};
  void *graph = pick(GRAPHS);
  int32_t node = odd() ? (int32_t)whole() : byte() % 16 - 1;
  uint64_t capacity = byte() < 128 ? 1 << 12 : byte(), *needed = output(sizeof *needed);
  char *buffer = output(capacity);
  after(stein_graph_describe(graph, node, formats[byte() % 6], buffer, capacity, needed, &error));
}

/* Figures of each kind of object, by names that are there and names that are not. */
static void figures(int which) {
  static const char *const known[] = {"mean", "scale", "names", "warnings", "levels.loss", "closed_form.estimates", "rhat", "step_size", "", ".", "shape.x", "classes"};
  static double values[64];
  static char text[64];
  const char *name = byte() < 20 ? NULL : known[byte() % 12];
  int64_t index = odd() ? whole() : byte() % 3;
  uint64_t needed = 0, capacity = byte() % 65;
  switch (which) {
    case 0: after(stein_dataset_get_numbers(pick(DATASETS), name, values, capacity, &needed, &error)); break;
    case 1: after(stein_model_get_numbers(pick(MODELS), name, values, capacity, &needed, &error)); break;
    case 2: after(stein_trainer_get_numbers(pick(TRAINERS), name, values, capacity, &needed, &error)); break;
    case 3: after(stein_chains_get_numbers(pick(RUNS), name, values, capacity, &needed, &error)); break;
    case 4: after(stein_dataset_get_text(pick(DATASETS), name, index, text, capacity, &needed, &error)); break;
    case 5: after(stein_model_get_text(pick(MODELS), name, index, text, capacity, &needed, &error)); break;
    case 6: after(stein_trainer_get_text(pick(TRAINERS), name, index, text, capacity, &needed, &error)); break;
    default: after(stein_chains_get_text(pick(RUNS), name, index, text, capacity, &needed, &error));
  }
}

static void write_file(void) {
  FILE *file = fopen(in_folder(byte() % 2 ? "c.csv" : "c.npy"), "w");
  if (!file) abort();
  for (int i = byte(); i > 0; i--) fputc(byte(), file);
  fclose(file);
}

/* One call, chosen by a byte; each has its share of the numbers. False at the end of the bytes. */
static int call(void) {
  if (next >= end) return 0;
  void *made = untouched, *second = untouched;
  before("call");
  uint8_t which = byte();
  /* The calls that came later have bytes that stood for an earlier one before. */
  which = which == 187 ? 64 + byte() % 4 : which == 188 ? 68 + byte() % 3 : which % 64;
#define CALLED(name) called = #name;
  switch (which) {
    case 0: case 1: {
      CALLED(context_new)
      const char *text = odd() ? options(CONTEXT) : "threads=1";
      stein_status status = stein_context_new(text, byte() < 8 ? NULL : &allocator, (stein_context **)&made, &error);
      keep(CONTEXTS, made, after(status));
      break;
    }
    default: break;
    case 2: drop(byte() % OBJECTS, byte() % PLACES); break;
    case 3: case 4: CALLED(dataset_new) make_dataset(); break;
    case 5: CALLED(dataset_open) {
      void *context = pick(CONTEXTS);
      const char *name = path(), *text = options(DATASET);
      stein_status status = stein_dataset_open(context, name, text, (stein_dataset **)&made, &error);
      keep(DATASETS, made, after(status));
      break;
    }
    case 6: write_file(); break;
    case 7: CALLED(dataset_describe) INTO_BUFFER(stein_dataset_describe, pick(DATASETS)); break;
    case 8: case 9: case 10: CALLED(model_new) {
      void *context = pick(CONTEXTS), *dataset = pick(DATASETS);
      const char *text = options(MODEL);
      stein_status status = stein_model_new(context, dataset, text, (stein_model **)&made, &error);
      keep(MODELS, made, after(status));
      break;
    }
    case 11: CALLED(graph_new) {
      void *context = pick(CONTEXTS);
      stein_status status = stein_graph_new(context, (stein_graph **)&made, &error);
      keep(GRAPHS, made, after(status));
      break;
    }
    case 12: case 13: case 14: CALLED(graph_node) add_node(); break;
    case 15: CALLED(model_from_graph) {
      void *graph = pick(GRAPHS), *dataset = pick(DATASETS);
      int32_t node = odd() ? (int32_t)whole() : byte() % 16;
      const char *text = options(MODEL);
      stein_status status = stein_model_from_graph(graph, node, dataset, text, (stein_model **)&made, &error);
      keep(MODELS, made, after(status));
      break;
    }
    case 16: CALLED(model_load) {
      void *context = pick(CONTEXTS);
      stein_status status = stein_model_load(context, path(), (stein_model **)&made, &error);
      keep(MODELS, made, after(status));
      break;
    }
    case 17: CALLED(model_save) {
      void *model = pick(MODELS);
      after(stein_model_save(model, path(), &error));
      break;
    }
    case 18: CALLED(model_write) INTO_BUFFER(stein_model_write, pick(MODELS)); break;
    case 19: CALLED(model_read) {
      void *context = pick(CONTEXTS), *model = pick(MODELS), *bytes = block(1 << 16);
      uint64_t size = 0;
      if (stein_model_write(model, bytes, 1 << 16, &size, NULL) != STEIN_OK) size = byte();
      if (odd()) size = byte() % (size + 1);
      stein_status status = stein_model_read(context, bytes, size, (stein_model **)&made, &error);
      keep(MODELS, made, after(status));
      break;
    }
    case 20: CALLED(model_describe) INTO_BUFFER(stein_model_describe, pick(MODELS)); break;
    case 21: CALLED(dataset_shape) look(0); break;
    case 22: CALLED(model_shape) look(1); break;
    case 23: CALLED(graph_shape) look(2); break;
    case 68: CALLED(graph_describe) describe_graph(); break;
    case 69: CALLED(context_check_trace) after(stein_context_check_trace(pick(CONTEXTS), &error)); break;
    case 24: CALLED(model_parameter) look(3); break;
    case 25: CALLED(score) evaluate(0); break;
    case 26: CALLED(denoise) evaluate(1); break;
    case 27: CALLED(energy) evaluate(2); break;
    case 28: CALLED(jacobian) evaluate(3); break;
    case 29: CALLED(denoise_covariance) evaluate(4); break;
    case 30: CALLED(log_likelihood) evaluate(5); break;
    case 31: CALLED(encode) evaluate(6); break;
    case 32: CALLED(decode) evaluate(7); break;
    case 33: CALLED(loss) losses(0); break;
    case 34: CALLED(losses) losses(1); break;
    case 35: CALLED(denoise_error) losses(2); break;
    case 36: case 37: case 38: CALLED(trainer_new) {
      void *model = pick(MODELS), *dataset = pick(DATASETS);
      const char *text = options(TRAINER);
      stein_status status = stein_trainer_new(model, dataset, text, (stein_trainer **)&made, &error);
      keep(TRAINERS, made, after(status));
      break;
    }
    case 39: case 40: case 41: CALLED(trainer_run) {
      void *trainer = pick(TRAINERS);
      int32_t *finished = byte() < 60 ? NULL : output(sizeof *finished);
      int64_t steps = odd() ? whole() : byte() % 5;
      behaviour = byte();
      after(stein_trainer_run(trainer, steps, finished, watch(), &error));
      break;
    }
    case 42: CALLED(trainer_save) {
      void *trainer = pick(TRAINERS);
      after(stein_trainer_save(trainer, path(), &error));
      break;
    }
    case 43: CALLED(trainer_resume) {
      void *context = pick(CONTEXTS), *dataset = pick(DATASETS);
      stein_status status = stein_trainer_resume(context, dataset, path(), (stein_model **)&made, (stein_trainer **)&second, &error);
      int good = after(status);
      keep(MODELS, made, good), keep(TRAINERS, second, good);
      break;
    }
    case 44: CALLED(trainer_set) {
      void *trainer = pick(TRAINERS);
      after(stein_trainer_set(trainer, options(TRAINER), &error));
      break;
    }
    case 45: CALLED(trainer_set_noise) held++; after(stein_trainer_set_noise(pick(TRAINERS), noise, &held, release, &error)); break;
    case 46: CALLED(trainer_set_allreduce) {
      void *trainer = pick(TRAINERS);
      int32_t rank = odd() ? (int32_t)whole() : byte() % 3, ranks = odd() ? (int32_t)whole() : 1 + byte() % 3;
      behaviour = byte();
      held++;
      after(stein_trainer_set_allreduce(trainer, rank, ranks, sum, &held, release, &error));
      break;
    }
    case 47: CALLED(trainer_describe) INTO_BUFFER(stein_trainer_describe, pick(TRAINERS)); break;
    case 48: case 49: CALLED(sample) draw(); break;
    case 50: CALLED(sample_labels) {
      void *model = pick(MODELS);
      shape_of(model, NULL);
      stein_tensor *out = tensor(1, row_shape, 1, 1);
      const char *text = options(SAMPLER);
      after(stein_sample_labels(model, text, out, &error));
      break;
    }
    case 51: CALLED(sample_weighted) {
      void *model = pick(MODELS);
      shape_of(model, NULL);
      stein_tensor *labels = classes(), *out = rows(1), *weights = column(1);
      const char *text = options(SAMPLER);
      after(stein_sample_weighted(model, labels, text, out, weights, watch(), &error));
      break;
    }
    case 52: CALLED(impute) observe(0); break;
    case 53: CALLED(sample_posterior) observe(1); break;
    case 54: CALLED(density_new) {
      void *context = pick(CONTEXTS);
      int64_t d = odd() ? whole() : 1 + byte() % 4;
      held++;
      stein_status status = stein_density_new(context, d, normal, &held, release, (stein_density **)&made, &error);
      keep(DENSITIES, made, after(status));
      break;
    }
    case 55: CALLED(density_from_model) {
      void *model = pick(MODELS);
      int64_t one = 1;
      stein_tensor *label = byte() < 200 ? NULL : tensor(1, &one, 0, 1);
      stein_status status = stein_density_from_model(model, label, number(), (stein_density **)&made, &error);
      keep(DENSITIES, made, after(status));
      break;
    }
    case 56: CALLED(chains_new) {
      void *density = pick(DENSITIES);
      const char *text = options(CHAINS);
      int64_t shape[] = {1 + byte() % 4, 1 + byte() % 4};
      stein_tensor *start = byte() < 200 ? NULL : tensor(2, shape, 0, 0);
      stein_status status = stein_chains_new(density, text, start, (stein_chains **)&made, &error);
      keep(RUNS, made, after(status));
      break;
    }
    case 57: CALLED(chains_run) run_chains(); break;
    case 58: CALLED(model_exchange) {
      void *model = pick(MODELS);
      const char *file = path();
      uint8_t choice = byte();
      if (choice >= 192) {
        const void *context = pick(CONTEXTS);
        stein_status status = move_arrow(context, options(DATASET), (stein_dataset **)&made);
        keep(DATASETS, made, after(status));
      } else if (choice % 4 == 3)
        after(stein_tensor_save(pick(CONTEXTS), tensor(1 + byte() % 5, (int64_t[]){3, 2, 4, 1, 2}, 0, byte() % 2), file, &error));
      else if (byte() % 2)
        after(stein_model_export_onnx(model, file, &error));
      else
        after(stein_model_import_weights(model, file, options(IMPORT_WEIGHTS), &error));
      break;
    }
    case 64: CALLED(density_check) {
      void *density = pick(DENSITIES);
      int64_t d = 1 + byte() % 4;
      stein_tensor *points = byte() < 128 ? NULL : tensor(2, (int64_t[]){1 + byte() % 4, d}, 0, 0), *out = tensor(2, (int64_t[]){d, 3}, 1, 0);
      stein_tensor *places = byte() < 128 ? NULL : tensor(2, (int64_t[]){d, d}, 1, 0);
      behaviour = byte();
      after(stein_density_check(density, points, out, places, watch(), &error));
      break;
    }
    case 65: CALLED(chains_save) after(stein_chains_save(pick(RUNS), path(), &error)); break;
    case 66: CALLED(chains_resume) {
      void *density = pick(DENSITIES);
      stein_status status = stein_chains_resume(density, path(), (stein_chains **)&made, &error);
      keep(RUNS, made, after(status));
      break;
    }
    case 67: CALLED(chains_metric) {
      void *chains = pick(RUNS);
      int64_t shape[] = {1 + byte() % 4, 1 + byte() % 4, 1 + byte() % 4};
      int32_t axes = 2 + byte() % 2;
      if (byte() < 128)
        after(stein_chains_metric(chains, tensor(axes, shape, 1, 0), &error));
      else
        after(stein_chains_set_metric(chains, tensor(axes - byte() % 2, shape, 0, 0), &error));
      break;
    }
    case 70: CALLED(figures) figures(byte() % 8); break;
    case 59: CALLED(chains_describe) INTO_BUFFER(stein_chains_describe, pick(RUNS)); break;
    case 60: CALLED(diagnostics) diagnose(byte() % 2); break;
    case 61: case 62: CALLED(comparison) compare(byte() % 4); break;
    case 63: CALLED(options_describe) INTO_BUFFER(stein_options_describe, byte() < 20 ? NULL : kinds[byte() % KINDS]); break;
  }
#undef CALLED
  free_blocks();
  return 1;
}

/* A context, 40 rows of 3 columns and 40 of 2 with classes, so that few bytes lead far. */
static void begin(void) {
  static double values[120];
  static int64_t labels[40], wide[] = {40, 3}, narrow[] = {40, 2};
  for (int i = 0; i < 120; i++) values[i] = (i * 7919) % 101 / 16.0 + (i % 3) * 10, labels[i / 3] = i % 2;
  stein_tensor first = stein_float64(values, 2, wide), second = stein_float64(values, 2, narrow), classes = stein_int64(labels, 1, wide);
  called = "the beginning";
  refused_at = 0;
  MUST(stein_context_new("threads=1", &allocator, (stein_context **)&living_objects[CONTEXTS][0], &error) == STEIN_OK);
  MUST(stein_dataset_new(living_objects[CONTEXTS][0], &first, NULL, NULL, (stein_dataset **)&living_objects[DATASETS][0], &error) == STEIN_OK);
  MUST(stein_dataset_new(living_objects[CONTEXTS][0], &second, &classes, NULL, (stein_dataset **)&living_objects[DATASETS][1], &error) == STEIN_OK);
}

static void clean(void) {
  for (int i = 0; i < 6; i++) unlink(in_folder(names[i]));
  free_blocks();
  rmdir(folder);
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
  (void)count, (void)arguments;
  read_options();
  if (!mkdtemp(folder)) abort();
  atexit(clean);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  next = data, end = data + size;
  for (int i = 0; i < 6; i++) unlink(in_folder(names[i]));
  begin();
  allocations = 0;
  refused_at = byte() < 240 ? 0 : 1 + (uint64_t)byte() * 4;
  freed_object = NULL;
  for (int calls = 0; calls < 64 && call(); calls++) {}
  free_blocks();
  for (int kind = OBJECTS; kind-- > 0;)
    for (int place = 0; place < PLACES; place++) drop((enum object)((kind + (int)size) % OBJECTS), place);
  called = "the end";
  MUST(living == 0 && held == 0); /* R6: nothing is kept once all is freed */
  return 0;
}
