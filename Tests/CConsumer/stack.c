/* What a call needs of its thread's stack, which stein.h states: each runs on a thread of that size, whose stack is painted, so that the deepest place
 * is seen. Wide, long and deep ones: every family, objective and sampler, graphs of the most nodes, nested files. The code that libxsmm makes for a
 * product that was not met before takes most: 128 KiB. R12. */
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

enum { STATED = 256 << 10, PAINT = 0xA5 };

static stein_context *context;
static stein_dataset *rows, *pictures, *positive;
static const char *options, *training;
static char path[64];
static float drawn[64 * 64];
static double numbers[64 * 64];

static void need(stein_status status, const char *what) {
  if (status == STEIN_OK) passed++;
  else failed++, printf("%s of '%s' '%s': %d %s\n", what, options ? options : "", training ? training : "", status, error.message);
}
#define NEED(call) need(call, #call)

static stein_tensor tensor(double *data, int64_t *shape, int axes) { return stein_float64(data, axes, shape); }

/* A model of these options, trained by these and used in each way that it allows. */
static void fit(stein_dataset *of, int64_t d) {
  stein_model *model = NULL, *loaded = NULL;
  stein_trainer *trainer = NULL, *again = NULL;
  static char text[1 << 20];
  uint64_t needed;
  double value, relative;
  NEED(stein_model_new(context, of, options, &model, &error));
  NEED(stein_trainer_new(model, of, training, &trainer, &error));
  NEED(stein_trainer_run(trainer, 2, NULL, NULL, &error));
  if (stein_trainer_save(trainer, path, &error) == STEIN_OK && stein_trainer_resume(context, of, path, &loaded, &again, &error) == STEIN_OK) {
    NEED(stein_trainer_run(again, 0, NULL, NULL, &error));
    stein_trainer_free(again), stein_model_free(loaded);
  }
  NEED(stein_trainer_run(trainer, 0, NULL, NULL, &error));
  NEED(stein_trainer_describe(trainer, text, sizeof text, &needed, &error));
  NEED(stein_model_describe(model, text, sizeof text, &needed, &error));
  NEED(stein_model_save(model, path, &error));
  NEED(stein_model_load(context, path, &loaded, &error));
  stein_model_free(loaded);
  (void)!stein_model_export_onnx(model, path, &error);
  int64_t shape[4] = {3, d, 1, 1}, one[] = {3}, square[] = {3, d, d}, levels[] = {2};
  int axes = 2;
  if (of == pictures) axes = 3, shape[1] = shape[2] = 4;
  for (int i = 0; i < 3 * d; i++) numbers[i] = 1 + 0.1 * (i % 7);
  stein_tensor x = tensor(numbers, shape, axes), out = tensor(numbers + 1024, shape, axes), each = tensor(numbers + 2048, one, 1);
  stein_tensor matrices = tensor(numbers + 3000, square, 3), sigmas = tensor((double[]){0.5, 1}, levels, 1);
  NEED(stein_model_score(model, &x, NULL, 0, &out, NULL, &error));
  (void)!stein_model_denoise(model, &x, NULL, 0, &out, NULL, &error), (void)!stein_model_energy(model, &x, NULL, 0, &each, NULL, &error);
  (void)!stein_model_jacobian(model, &x, NULL, 0, &matrices, NULL, &error);
  (void)!stein_model_denoise_covariance(model, &x, NULL, 0, &matrices, NULL, &error);
  stein_tensor errors = tensor(numbers + 3900, (int64_t[]){2, 3}, 2);
  (void)!stein_model_denoise_error(model, of, &sigmas, "draws=2", &errors, NULL, &error);
  (void)!stein_model_loss(model, of, NULL, &value, NULL, &error);
  NEED(stein_fisher_divergence(model, &x, NULL, &x, 0, &value, &relative, NULL, &error));
  static const char *const samplers[] = {
      "steps=3", "sampler=euler steps=3", "sampler=rk45 tolerance=0.1", "sampler=dpmpp_2m steps=3", "sampler=dpmpp_3m_sde steps=3",
      "sampler=ddim eta=1 steps=3", "sampler=predictor_corrector steps=3", "sampler=annealed_langevin steps=3", "sampler=langevin steps=3"};
  for (int i = 0; i < 9; i++) (void)!stein_sample(model, NULL, NULL, samplers[i], &out, NULL, &error);
  (void)!stein_sample_weighted(model, NULL, "steps=2", &out, &each, NULL, &error);
  for (int i = 0; i < 3; i++) numbers[i * d] = 0.0 / 0.0;
  (void)!stein_impute(model, &x, NULL, NULL, "steps=3", &out, NULL, &error);
  (void)!stein_impute(model, &x, NULL, NULL, "method=dps sampler=ddim steps=3", &out, NULL, &error);
  for (int i = 0; i < 3; i++) numbers[i * d] = 1;
  double row[64] = {1, 1};
  stein_tensor matrix = tensor(row, (int64_t[]){1, d}, 2), y = tensor((double[]){1, 2, 3}, (int64_t[]){3, 1}, 2);
  (void)!stein_sample_posterior(model, &matrix, &y, NULL, "steps=3", &out, NULL, &error);
  (void)!stein_encode(model, &x, NULL, NULL, &out, NULL, &error), (void)!stein_decode(model, &out, NULL, NULL, &out, NULL, &error);
  (void)!stein_model_log_likelihood(model, &x, NULL, NULL, &each, NULL, NULL, &error);
  stein_density *density = NULL;
  stein_chains *chains = NULL;
  if (of != pictures && stein_density_from_model(model, NULL, 0, &density, &error) == STEIN_OK) {
    stein_tensor draws = tensor(numbers, (int64_t[]){2, 5, d}, 3);
    NEED(stein_chains_new(density, "chains=2 warmup=5", NULL, &chains, &error));
    (void)!stein_chains_run(chains, &draws, NULL, NULL, &error);
    stein_chains_free(chains), stein_density_free(density);
  }
  stein_trainer_free(trainer), stein_model_free(model);
}
static void fit_rows(void) { fit(rows, 3); }
static void fit_pictures(void) { fit(pictures, 16); }
static void fit_positive(void) { fit(positive, 3); }

/* A graph of the caller's own as deep as may be: t = tanh(t + x) some thousand times. */
static int32_t depth;
static void deep_graph(void) {
  stein_graph *graph = NULL;
  stein_model *model = NULL;
  stein_trainer *trainer = NULL;
  int32_t node, x;
  NEED(stein_graph_new(context, &graph, &error));
  NEED(stein_graph_node(graph, "x", NULL, 0, "columns=3", NULL, &x, &error));
  NEED(stein_graph_node(graph, "parameter", NULL, 0, "name=m shape=3", NULL, &node, &error));
  stein_status status = STEIN_OK;
  for (int i = 0; i < depth && !status; i++) {
    int32_t both[] = {node, x};
    status = stein_graph_node(graph, "add", both, 2, NULL, NULL, &node, &error);
    if (!status) status = stein_graph_node(graph, "tanh", &node, 1, NULL, NULL, &node, &error);
  }
  need(status, "a deep graph");
  static char text[1 << 20];
  uint64_t needed;
  NEED(stein_graph_describe(graph, node, "formula", text, sizeof text, &needed, &error));
  NEED(stein_graph_describe(graph, -1, "text", text, sizeof text, &needed, &error));
  NEED(stein_graph_describe(graph, -1, "dot", text, sizeof text, &needed, &error));
  NEED(stein_graph_node(graph, "squared_norm", &node, 1, NULL, NULL, &node, &error));
  NEED(stein_model_from_graph(graph, node, rows, NULL, &model, &error));
  stein_trainer_free(trainer), stein_graph_free(graph);
  NEED(stein_trainer_new(model, rows, training, &trainer, &error));
  NEED(stein_trainer_run(trainer, 1, NULL, NULL, &error));
  NEED(stein_model_save(model, path, &error));
  stein_trainer_free(trainer), stein_model_free(model), model = NULL;
  NEED(stein_model_load(context, path, &model, &error));
  stein_model_free(model);
}

static int32_t normal(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  (void)user;
  for (int64_t i = 0; i < n; i++) {
    log_density[i] = 0;
    for (int64_t j = 0; j < d; j++) {
      double precision = j ? 1 : 1e6; /* deep trees */
      log_density[i] -= precision * x[i * d + j] * x[i * d + j] / 2, score[i * d + j] = -precision * x[i * d + j];
    }
  }
  return 0;
}
static void walk(void) {
  stein_density *density = NULL;
  stein_chains *chains = NULL;
  static char text[1 << 16];
  uint64_t needed;
  stein_tensor draws = tensor(numbers, (int64_t[]){2, 20, 3}, 3), out = tensor(numbers + 1024, (int64_t[]){3}, 1);
  stein_tensor a = tensor(numbers, (int64_t[]){40, 3}, 2);
  NEED(stein_density_new(context, 3, normal, NULL, NULL, &density, &error));
  NEED(stein_chains_new(density, options, NULL, &chains, &error));
  NEED(stein_chains_run(chains, &draws, NULL, NULL, &error));
  NEED(stein_chains_describe(chains, text, sizeof text, &needed, &error));
  NEED(stein_rhat(context, &draws, &out, NULL, &error));
  NEED(stein_effective_sample_size(context, &draws, NULL, &out, NULL, &error));
  double value, p;
  (void)!stein_kernel_stein_discrepancy(context, &a, &a, "bootstraps=9", &value, &p, NULL, &error);
  NEED(stein_sliced_wasserstein(context, &a, &a, "projections=9", &value, NULL, &error));
  NEED(stein_maximum_mean_discrepancy(context, &a, &a, "permutations=9", &value, &p, NULL, &error));
  stein_chains_free(chains), stein_density_free(density);
}

/* Options and files as wrong and as nested as they come. */
static void texts(void) {
  static const char *const kinds[] = {"context", "model", "graph", "trainer", "sampler", "impute", "chains", "nothing of the kind"};
  static char text[1 << 20];
  uint64_t needed;
  stein_model *model = NULL;
  stein_dataset *table = NULL;
  for (int i = 0; i < 8; i++) (void)!stein_options_describe(kinds[i], text, sizeof text, &needed, &error);
  memset(text, 'w', sizeof text - 1);
  CHECK(stein_model_new(context, rows, text, &model, &error) == STEIN_BAD_OPTION);
  for (size_t i = 0; i + 1 < sizeof text; i++) text[i] = "7,"[i % 2];
  memcpy(text, "widths=", 7);
  CHECK(stein_model_new(context, rows, text, &model, &error) == STEIN_BAD_OPTION);
  static const char *const files[] = {"model-nested-20000-deep", "model-nested-objects", "model-numbers-of-1000-digits"};
  for (int i = 0; i < 3; i++) {
    char name[128];
    snprintf(name, sizeof name, "../../Tests/Inputs/%s", files[i]);
    CHECK(stein_model_load(context, name, &model, &error) != STEIN_OK && error.status != STEIN_NO_FILE);
  }
  FILE *file = fopen(path, "w");
  if (!file) abort();
  for (int i = 0; i < 20000; i++) fprintf(file, "%d,\"%d\",%g\n", i % 97, i % 89, i * 0.37);
  fclose(file);
  NEED(stein_dataset_open(context, path, "format=csv", &table, &error));
  NEED(stein_dataset_describe(table, text, sizeof text, &needed, &error));
  stein_dataset_free(table);
}

static void *run(void *work) { ((void (*)(void))work)(); return NULL; }

/* Runs on a painted stack of the size stated; the number of bytes that were used. */
static size_t used(void (*work)(void), const char *what) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), all = STATED + page;
  unsigned char *memory = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) abort();
  memset(memory, PAINT, all);
  mprotect(memory, page, PROT_NONE);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_t thread;
  CHECK(pthread_attr_setstack(&attributes, memory + page, STATED) == 0);
  CHECK(pthread_create(&thread, &attributes, run, (void *)work) == 0);
  pthread_join(thread, NULL);
  size_t untouched = page;
  while (untouched < all && memory[untouched] == PAINT) untouched++;
  munmap(memory, all);
  size_t bytes = all - untouched;
  printf("%4zu KiB: %s\n", bytes >> 10, what);
  fflush(stdout);
  return bytes;
}

int main(void) {
  snprintf(path, sizeof path, "stack.%d.tmp", (int)getpid());
  CHECK(stein_context_new("threads=1", NULL, &context, &error) == STEIN_OK);
  rows = make_rows(context, 200);
  for (int i = 0; i < 1600; i++) numbers[i] = (i * 7919) % 101 * 0.1, drawn[i] = (float)(0.5 + (i * 7919) % 101 * 0.1);
  stein_tensor grid = tensor(numbers, (int64_t[]){100, 4, 4}, 3), above = stein_float32(drawn, 2, (int64_t[]){200, 3});
  CHECK(stein_dataset_new(context, &grid, NULL, NULL, &pictures, &error) == STEIN_OK);
  CHECK(stein_dataset_new(context, &above, NULL, NULL, &positive, &error) == STEIN_OK);
  const struct { void (*work)(void); const char *options, *training; } fits[] = {
      {fit_rows, "family=score_mlp widths=16,16,16,16,16,16,16,16", "steps=4"},
      {fit_rows, "family=score_mlp widths=2048", "steps=3 batch=32"},
      {fit_rows, "family=score_mlp widths=8", "steps=4 objective=sliced_vr"},
      {fit_rows, "family=score_mlp widths=8", "steps=4 objective=finite_difference"},
      {fit_rows, "family=energy_mlp widths=16,16,16,16", "steps=4 objective=exact"},
      {fit_rows, "family=energy_mlp widths=16,16", "steps=4 objective=sliced"},
      {fit_rows, "family=energy_mlp widths=16,16", "steps=4"},
      {fit_rows, "family=gaussian", NULL},
      {fit_rows, "family=mixture components=5", "steps=4 objective=maximum_likelihood"},
      {fit_rows, "family=mixture components=5", "steps=4 objective=exact"},
      {fit_rows, "family=exponential degree=4", NULL},
      {fit_positive, "family=exponential domain=positive", NULL},
      {fit_rows, "family=kernel_exponential points=20", NULL},
      {fit_rows, "family=deep_kernel_exponential points=10 kernels=3 widths=8", "steps=4"},
      {fit_rows, "family=nice couplings=6 widths=16,16", "steps=4 objective=maximum_likelihood"},
      {fit_rows, "family=autoregressive components=4 widths=16", "steps=4 objective=maximum_likelihood"},
      {fit_rows, "family=autoregressive components=4 widths=16", "steps=4 objective=exact"},
      {fit_pictures, "family=score_unet widths=8,8 blocks=1 spatial_axes=2", "steps=4"},
      {walk, "chains=2 warmup=60 kernel=nuts", NULL},
      {walk, "chains=2 warmup=20 kernel=hmc", NULL},
      {walk, "chains=2 warmup=20 kernel=underdamped", NULL},
      {texts, NULL, NULL},
  };
  size_t most = 0;
  for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
    char what[160];
    options = fits[i].options, training = fits[i].training;
    snprintf(what, sizeof what, "%s, %s", options ? options : "texts and files", training ? training : "");
    size_t bytes = used(fits[i].work, what);
    most = bytes > most ? bytes : most;
  }
  const struct { int32_t depth; const char *training; } deep[] = {
      {2000, "steps=1 batch=16 validation=0 objective=sliced"}, {300, "steps=1 batch=16 validation=0 objective=exact"}};
  for (int i = 0; i < 2; i++) {
    depth = deep[i].depth, options = "a deep graph", training = deep[i].training;
    size_t bytes = used(deep_graph, training);
    most = bytes > most ? bytes : most;
  }
  printf("at most %zu KiB of %d\n", most >> 10, STATED >> 10);
  /* Room for a compiler that lays frames out otherwise. */
  CHECK(most < STATED * 3 / 4);
  unlink(path);
  stein_dataset_free(rows), stein_dataset_free(pictures), stein_dataset_free(positive), stein_context_free(context);
  return report("stack");
}
