/* Bytes as a file: .npy, .csv, a model from memory or from a file, a checkpoint, chains. A status or an object that serves, and never more memory than the
 * file justifies. */
#include <unistd.h>

#include "host.h"

static stein_context *context;
static stein_dataset *dataset;
static stein_density *density;
static char path[64];
static uint64_t beginning;

/* A tenth of a second at most for what an object is asked after it was loaded. */
static stein_monitor monitor;
static stein_monitor *watch(void) {
  memset(&monitor, 0, sizeof monitor);
  monitor.struct_size = sizeof monitor;
  monitor.deadline_ns = nanoseconds() + 100000000;
  return &monitor;
}

static void use_dataset(stein_dataset *made) {
  static char text[1 << 16];
  int32_t axes;
  int64_t shape[5];
  uint64_t needed;
  before("dataset_shape");
  after(stein_dataset_shape(made, &axes, shape, &error));
  MUST(axes >= 1 && axes <= 5 && shape[0] >= 0);
  before("dataset_describe");
  after(stein_dataset_describe(made, text, sizeof text, &needed, &error));
  stein_dataset_free(made);
}

static void use_model(stein_model *made) {
  static char text[1 << 16];
  int32_t axes = 0;
  int64_t shape[5] = {0};
  uint64_t needed;
  before("model_describe");
  after(stein_model_describe(made, text, sizeof text, &needed, &error));
  before("model_shape");
  after(stein_model_shape(made, &axes, shape, &error));
  MUST(axes >= 2 && axes <= 5 && shape[0] == 1);
  int64_t count = 3;
  for (int i = 1; i < axes; i++) count *= shape[i];
  if (count > 4096) { stein_model_free(made); return; }
  shape[0] = 3;
  before("sample");
  stein_tensor rows = stein_view(output((size_t)count * 8), 2, 64, axes, shape), energy = stein_view(output(24), 2, 64, 1, shape);
  after(stein_sample(made, NULL, NULL, NULL, &rows, watch(), &error));
  before("score");
  memset(rows.data, 0, (size_t)count * 8);
  after(stein_model_score(made, &rows, NULL, 0, &rows, watch(), &error));
  before("energy");
  after(stein_model_energy(made, &rows, NULL, 0, &energy, watch(), &error));
  before("write");
  after(stein_model_write(made, text, sizeof text, &needed, &error));
  stein_model_free(made);
}

/* Two normals. */
static int32_t normal(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  (void)user;
  for (int64_t i = 0; i < n; i++, x += d, score += d) {
    log_density[i] = 0;
    for (int64_t j = 0; j < d; j++) log_density[i] -= x[j] * x[j] / 2, score[j] = -x[j];
  }
  return 0;
}

static void use_chains(void *chains) {
  int64_t shape[] = {2, 2, 2};
  double drawn[8];
  stein_tensor draws = stein_float64(drawn, 3, shape);
  before("chains_run");
  after(stein_chains_run(chains, &draws, NULL, watch(), &error));
  before("chains_save");
  after(stein_chains_save(chains, path, &error));
  MUST(stein_chains_free(chains) == STEIN_OK);
}

/* What a file may cost while it is read: 64 times its bytes, and 1 MiB. */
static void modest(size_t size) { MUST(peak - beginning <= 64 * (uint64_t)size + (1 << 20)); }

static void save_bytes(const uint8_t *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  if (!file || (size && fwrite(bytes, 1, size, file) != size) || fclose(file) != 0) abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
  (void)count, (void)arguments;
  static double values[120];
  int64_t shape[] = {40, 3};
  for (int i = 0; i < 120; i++) values[i] = (i * 7919) % 101 / 16.0 + (i % 3) * 10;
  stein_tensor rows = stein_float64(values, 2, shape);
  snprintf(path, sizeof path, "/tmp/stein-fuzz-file-%d", (int)getpid());
  before("the beginning");
  if (stein_context_new("threads=1", &allocator, &context, &error) != STEIN_OK) abort();
  if (stein_dataset_new(context, &rows, NULL, NULL, &dataset, &error) != STEIN_OK) abort();
  if (stein_density_new(context, 2, normal, NULL, NULL, &density, &error) != STEIN_OK) abort();
  beginning = living;
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  uint8_t kind = *data++ % 10;
  size--;
  next = end = data;
  uint8_t *framed = NULL;
  /* Odd model and checkpoint inputs are a header without its length, so that a changed header stays one: the text up to the first NUL. */
  if (kind >= 4 && kind % 2) {
    const uint8_t *nul = memchr(data, 0, size);
    uint64_t length = nul ? (uint64_t)(nul - data) : size, rest = size - length - (nul != NULL);
    framed = malloc(8 + length + rest);
    if (!framed) abort();
    memcpy(framed, &length, 8), memcpy(framed + 8, data, length);
    if (rest) memcpy(framed + 8 + length, nul + 1, rest);
    data = framed, size = 8 + length + rest;
  }
  void *made = NULL, *second = NULL;
  int good = 0;
  peak = living;
  if (kind != 4 && kind != 5) save_bytes(data, size);
  switch (kind) {
    case 0: case 1: case 2: case 3: {
      static const char *const formats[] = {"format=npy", "format=csv", "format=csv header=false separator=semicolon", "format=csv label=-1 header=true"};
      before("dataset_open");
      good = after(stein_dataset_open(context, path, formats[kind], (stein_dataset **)&made, &error));
      modest(size);
      if (good) use_dataset(made);
      break;
    }
    case 4: case 5:
      before("model_read");
      good = after(stein_model_read(context, data, size, (stein_model **)&made, &error));
      modest(size);
      if (good) use_model(made);
      break;
    case 8: case 9:
      before("chains_resume");
      good = after(stein_chains_resume(density, path, (stein_chains **)&made, &error));
      modest(size);
      if (good) use_chains(made);
      break;
    default:
      before("trainer_resume");
      good = after(stein_trainer_resume(context, dataset, path, (stein_model **)&made, (stein_trainer **)&second, &error));
      modest(size);
      if (good) {
        before("trainer_run");
        after(stein_trainer_run(second, 2, NULL, watch(), &error));
        before("trainer_save");
        after(stein_trainer_save(second, path, &error));
        stein_trainer_free(second);
        use_model(made);
      }
  }
  MUST(good || (made == NULL && second == NULL));
  free(framed);
  free_blocks();
  unlink(path);
  called = "the end";
  MUST(living == beginning);
  return 0;
}
