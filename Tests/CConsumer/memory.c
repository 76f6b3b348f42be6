/* Each allocation of each call refused in turn, once and for good, up to the first that needs no more: STEIN_OUT_OF_MEMORY, nothing lost, and the next
 * call on the same objects gives the same bits as if nothing had been. R3, R5, R15. */
#include <unistd.h>

#include "allocator.h"
#include "arrow_stream.h"
#include "check.h"

/* ---- The objects of all calls, and what a call makes ------------------------------------------------------------------------------------- */

static stein_context *context;
static stein_dataset *dataset, *classed;
static stein_model *gaussian, *network, *energy, *of_classes;
static stein_graph *graph;
static stein_density *density;
static stein_chains *chains;
static unsigned char saved[1 << 18], written[1 << 18];
static uint64_t saved_size, written_size;
static double rows[24][3], results[4096], second_results[512];

static struct { stein_dataset *dataset; stein_model *model; stein_trainer *trainer; stein_density *density; stein_chains *chains; } made;
static void free_made(void) {
  stein_chains_free(made.chains), stein_density_free(made.density), stein_trainer_free(made.trainer), stein_model_free(made.model);
  stein_dataset_free(made.dataset);
  memset(&made, 0, sizeof made);
}

static stein_tensor tensor(void *data, int32_t ndim, int64_t a, int64_t b, int64_t c) {
  static int64_t shapes[8][3];
  static int next;
  int64_t *shape = shapes[next++ % 8];
  shape[0] = a, shape[1] = b, shape[2] = c;
  return stein_float64(data, ndim, shape);
}
static stein_tensor of_rows(void) { return tensor(rows, 2, 24, 3, 0); }
static stein_tensor of_results(void) { return tensor(results, 2, 24, 3, 0); }

/* ---- The calls ---------------------------------------------------------------------------------------------------------------------------- */

#define CALL(name) static stein_status name(const char *options)
#define FIELD(name) \
  CALL(call_##name) { \
    stein_tensor x = of_rows(), out = of_results(); \
    return stein_model_##name(strcmp(options, "energy") ? gaussian : energy, &x, NULL, 0.5, &out, NULL, &error); \
  }
FIELD(score)
FIELD(denoise)
CALL(call_energy) {
  stein_tensor x = of_rows(), out = tensor(results, 1, 24, 0, 0);
  return stein_model_energy(strcmp(options, "energy") ? gaussian : energy, &x, NULL, 0.5, &out, NULL, &error);
}
CALL(call_jacobian) {
  stein_tensor x = of_rows(), out = tensor(results, 3, 24, 3, 3);
  return (strcmp(options, "covariance") ? stein_model_jacobian : stein_model_denoise_covariance)(network, &x, NULL, 0.5, &out, NULL, &error);
}
CALL(call_denoise_error) {
  double levels[] = {0.1, 1};
  stein_tensor sigmas = tensor(levels, 1, 2, 0, 0), out = tensor(results, 2, 2, 3, 0);
  return stein_model_denoise_error(network, dataset, &sigmas, options, &out, NULL, &error);
}
CALL(call_loss) { return stein_model_loss(network, dataset, options, results, NULL, &error); }
CALL(call_losses) {
  stein_tensor out = tensor(results, 1, 24, 0, 0);
  return stein_model_losses(network, dataset, options, &out, NULL, &error);
}
CALL(call_dataset) {
  int64_t labels[24] = {0}, shape[] = {24};
  labels[3] = 1;
  stein_tensor x = of_rows(), classes = stein_int64(labels, 1, shape);
  return stein_dataset_new(context, &x, &classes, options, &made.dataset, &error);
}
CALL(call_open) { return stein_dataset_open(context, strchr(options, '=') ? "memory.csv" : "memory.npy", options, &made.dataset, &error); }
CALL(call_model) { return stein_model_new(context, dataset, options, &made.model, &error); }
CALL(call_from_graph) { return stein_model_from_graph(graph, 3, dataset, options, &made.model, &error); }
CALL(call_graph) {
  static char text[1 << 12];
  uint64_t needed;
  return stein_graph_describe(graph, 3, options, text, sizeof text, &needed, &error);
}
CALL(call_read) { return (void)options, stein_model_read(context, saved, saved_size, &made.model, &error); }
CALL(call_load) { return stein_model_load(context, options, &made.model, &error); }
CALL(call_save) { return stein_model_save(network, options, &error); }
CALL(call_write) { return (void)options, stein_model_write(network, written, sizeof written, &written_size, &error); }
CALL(call_tensor_save) {
  stein_tensor x = of_rows();
  return stein_tensor_save(context, &x, options, &error);
}
CALL(call_export) { return stein_model_export_onnx(network, options, &error); }
CALL(call_import) {
  stein_status status = stein_model_new(context, dataset, "widths=4 residual=false embedding=log preconditioning=isotropic", &made.model, &error);
  return status ? status : stein_model_import_weights(made.model, "memory.weights", options, &error);
}

/* A table of one batch of three columns. */
static struct ArrowSchema fields[3], *field_list[3];
static struct ArrowArray columns[3], *column_list[3];
static const void *buffers[3][2], *no_buffers[1];
static double by_column[3][24];
static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_array(struct ArrowArray *array) { array->release = NULL; }
static void release_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }
static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  for (int j = 0; j < 3; j++) fields[j] = (struct ArrowSchema){.format = "g", .name = j ? "b" : "a", .release = release_schema}, field_list[j] = fields + j;
  *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = 3, .children = field_list, .release = release_schema};
  return 0;
}
static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  int *served = stream->private_data;
  *out = (struct ArrowArray){0};
  if ((*served)++) return 0;
  for (int j = 0; j < 3; j++) {
    for (int i = 0; i < 24; i++) by_column[j][i] = rows[i][j];
    buffers[j][1] = by_column[j], column_list[j] = columns + j;
    columns[j] = (struct ArrowArray){.length = 24, .n_buffers = 2, .buffers = buffers[j], .release = release_array};
  }
  *out = (struct ArrowArray){.length = 24, .n_buffers = 1, .n_children = 3, .buffers = no_buffers, .children = column_list, .release = release_array};
  return 0;
}
static const char *get_last_error(struct ArrowArrayStream *stream) { return (void)stream, NULL; }
CALL(call_arrow) {
  int served = 0;
  struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, release_stream, &served};
  stein_status status = stein_dataset_move_arrow(context, &stream, options, &made.dataset, &error);
  CHECK(!stream.release);
  return status;
}
CALL(call_trainer) {
  stein_status status = stein_model_new(context, classed, options, &made.model, &error);
  return status ? status : stein_trainer_new(made.model, classed, strstr(options, "gaussian") || strstr(options, "kernel_exponential") ? NULL : "steps=4 batch=16", &made.trainer, &error);
}
CALL(call_rescaled) {
  stein_status status = stein_model_new(context, dataset, options, &made.model, &error);
  return status ? status : stein_trainer_new(made.model, dataset, "steps=4 batch=16 rescale=true", &made.trainer, &error);
}
CALL(call_resume) { return stein_trainer_resume(context, dataset, options, &made.model, &made.trainer, &error); }
CALL(call_sample) {
  stein_tensor out = of_results();
  return stein_sample(strstr(options, "sampler=langevin") ? energy : network, NULL, NULL, options, &out, NULL, &error);
}
CALL(call_weighted) {
  stein_tensor out = of_results(), weights = tensor(second_results, 1, 24, 0, 0);
  return stein_sample_weighted(energy, NULL, options, &out, &weights, NULL, &error);
}
CALL(call_labels) {
  int64_t classes[24], shape[] = {24};
  stein_tensor out = stein_int64(classes, 1, shape);
  return stein_sample_labels(of_classes, options, &out, &error);
}
CALL(call_impute) {
  double holes[24][3];
  memcpy(holes, rows, sizeof holes);
  for (int i = 0; i < 24; i++) holes[i][i % 3] = 0.0 / 0.0;
  stein_tensor x = tensor(holes, 2, 24, 3, 0), out = of_results();
  return stein_impute(network, &x, NULL, NULL, options, &out, NULL, &error);
}
CALL(call_posterior) {
  double sums[24], ones[] = {1, 1, 1};
  for (int i = 0; i < 24; i++) sums[i] = rows[i][0] + rows[i][1] + rows[i][2];
  stein_tensor matrix = tensor(ones, 2, 1, 3, 0), y = tensor(sums, 2, 24, 1, 0), out = of_results();
  return stein_sample_posterior(network, &matrix, &y, NULL, options, &out, NULL, &error);
}
CALL(call_encode) {
  stein_tensor x = of_rows(), out = of_results();
  return (strstr(options, "denoise") ? stein_decode : stein_encode)(network, &x, NULL, options, &out, NULL, &error);
}
CALL(call_likelihood) {
  stein_tensor x = of_rows(), out = tensor(results, 1, 24, 0, 0), deviation = tensor(second_results, 1, 24, 0, 0);
  return stein_model_log_likelihood(network, &x, NULL, options, &out, &deviation, NULL, &error);
}
CALL(call_density) { return (void)options, stein_density_from_model(gaussian, NULL, 0.5, &made.density, &error); }
CALL(call_chains) { return stein_chains_new(density, options, NULL, &made.chains, &error); }
CALL(call_chains_resume) { return stein_chains_resume(density, options, &made.chains, &error); }
CALL(call_chains_save) { return stein_chains_save(chains, options, &error); }
CALL(call_check) {
  stein_tensor out = tensor(results, 2, 3, 3, 0), places = tensor(second_results, 2, 3, 3, 0);
  return (void)options, stein_density_check(density, NULL, &out, &places, NULL, &error);
}
CALL(call_metric) {
  stein_tensor out = tensor(results, 3, 2, 3, 3);
  stein_status status = stein_chains_metric(chains, &out, &error);
  return (void)options, status ? status : stein_chains_set_metric(chains, &out, &error);
}
CALL(call_figures) {
  uint64_t needed;
  char text[64];
  stein_status status = stein_model_get_numbers(network, options, results, 4096, &needed, &error);
  return status ? status : stein_model_get_text(network, "family", 0, text, sizeof text, &needed, &error);
}
CALL(call_rhat) {
  stein_tensor draws = tensor(rows, 3, 2, 12, 3), out = tensor(results, 1, 3, 0, 0);
  return strcmp(options, "rhat") ? stein_effective_sample_size(context, &draws, options, &out, NULL, &error)
                                 : stein_rhat(context, &draws, &out, NULL, &error);
}
CALL(call_stein) {
  stein_tensor x = of_rows();
  return stein_kernel_stein_discrepancy(context, &x, &x, options, results, results + 1, NULL, &error);
}
CALL(call_fisher) {
  stein_tensor x = of_rows();
  return (void)options, stein_fisher_divergence(network, &x, NULL, &x, 0.5, results, results + 1, NULL, &error);
}
CALL(call_wasserstein) {
  stein_tensor a = of_rows(), b = tensor(rows, 2, 12, 3, 0);
  return stein_sliced_wasserstein(context, &a, &b, options, results, NULL, &error);
}
CALL(call_mean) {
  stein_tensor a = of_rows(), b = tensor(rows, 2, 12, 3, 0);
  return stein_maximum_mean_discrepancy(context, &a, &b, options, results, results + 1, NULL, &error);
}

static const struct { const char *name; stein_status (*call)(const char *); const char *options; } calls[] = {
    {"dataset_new", call_dataset, ""},
    {"dataset_open", call_open, "label=c"},
    {"dataset_open", call_open, ""},
    {"dataset_move_arrow", call_arrow, ""},
    {"tensor_save", call_tensor_save, "memory.written"},
    {"model_export_onnx", call_export, "memory.written"},
    {"model_import_weights", call_import, "sigma_min=0.1 sigma_max=2"},
    {"model_new", call_model, "widths=8,8"},
    {"model_new", call_model, "family=energy_mlp widths=8"},
    {"model_new", call_model, "family=score_unet widths=4,4 blocks=1"},
    {"model_new", call_model, "family=gaussian"},
    {"model_new", call_model, "family=mixture components=2"},
    {"model_new", call_model, "family=exponential statistics=pairwise"},
    {"model_new", call_model, "family=kernel_exponential points=5"},
    {"model_new", call_model, "family=deep_kernel_exponential points=5 kernels=1 widths=4"},
    {"model_new", call_model, "family=nice widths=4"},
    {"model_new", call_model, "family=autoregressive widths=4"},
    {"model_from_graph", call_from_graph, ""},
    {"graph_describe", call_graph, "text"},
    {"graph_describe", call_graph, "formula"},
    {"model_read", call_read, ""},
    {"model_load", call_load, "memory.model"},
    {"model_load", call_load, "memory.own"},
    {"model_save", call_save, "memory.written"},
    {"model_write", call_write, ""},
    {"score", call_score, ""},
    {"score", call_score, "energy"},
    {"denoise", call_denoise, ""},
    {"energy", call_energy, ""},
    {"energy", call_energy, "energy"},
    {"jacobian", call_jacobian, ""},
    {"jacobian", call_jacobian, "covariance"},
    {"denoise_error", call_denoise_error, ""},
    {"loss", call_loss, "draws=3"},
    {"loss", call_loss, "objective=exact sigma=0.5"},
    {"losses", call_losses, "objective=sliced sigma=0.5"},
    {"trainer_new", call_trainer, "family=gaussian"},
    {"trainer_new", call_trainer, "widths=8"},
    {"trainer_new", call_trainer, "family=kernel_exponential points=5"},
    {"trainer_new", call_rescaled, "widths=8"},
    {"trainer_resume", call_resume, "memory.checkpoint"},
    {"sample", call_sample, "steps=3"},
    {"sample", call_sample, "steps=3 sampler=euler churn=1"},
    {"sample", call_sample, "sampler=rk45"},
    {"sample", call_sample, "steps=3 sampler=ddim eta=1"},
    {"sample", call_sample, "steps=4 sampler=dpmpp_2m"},
    {"sample", call_sample, "steps=4 sampler=dpmpp_3m_sde"},
    {"sample", call_sample, "steps=3 sampler=predictor_corrector"},
    {"sample", call_sample, "sampler=annealed_langevin steps=2"},
    {"sample", call_sample, "sampler=underdamped_langevin steps=2"},
    {"sample_weighted", call_weighted, "steps=2"},
    {"sample_labels", call_labels, "seed=3"},
    {"impute", call_impute, "steps=2"},
    {"impute", call_impute, "steps=2 method=covariance"},
    {"impute", call_impute, "steps=2 method=replacement"},
    {"impute", call_impute, "steps=2 method=dps sampler=ddim"},
    {"sample_posterior", call_posterior, "steps=2 noise=0.1"},
    {"encode", call_encode, "tolerance=1e-3"},
    {"decode", call_encode, "tolerance=1e-3 denoise=true"},
    {"log_likelihood", call_likelihood, "tolerance=1e-3 trace=exact"},
    {"log_likelihood", call_likelihood, "tolerance=1e-3 trace=hutchinson probes=2"},
    {"density_from_model", call_density, ""},
    {"chains_new", call_chains, "chains=3"},
    {"chains_save", call_chains_save, "memory.written"},
    {"chains_resume", call_chains_resume, "memory.chains"},
    {"density_check", call_check, ""},
    {"chains_metric", call_metric, ""},
    {"model_get_numbers", call_figures, "scale"},
    {"rhat", call_rhat, "rhat"},
    {"effective_sample_size", call_rhat, "kind=tail"},
    {"kernel_stein_discrepancy", call_stein, "bootstraps=5"},
    {"fisher_divergence", call_fisher, ""},
    {"sliced_wasserstein", call_wasserstein, "projections=5"},
    {"maximum_mean_discrepancy", call_mean, "permutations=5"},
};

static int64_t tried, refusals, wrong;

static void complain(const char *name, const char *options, int64_t n, const char *what, stein_status status) {
  if (wrong++ < 20) printf("%s %s, allocation %lld: %s, %d %s\n", name, options, (long long)n, what, status, error.message);
}

/* What one call wrote: numbers, or the bytes of the object that it made. */
static uint64_t fingerprint(void) {
  uint64_t hash = 14695981039346656037u;
  static unsigned char bytes[1 << 18];
  uint64_t size = 0;
  if (made.model && stein_model_write(made.model, bytes, sizeof bytes, &size, NULL) != STEIN_OK) size = 0;
  for (uint64_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  for (size_t i = 0; i < sizeof results; i++) hash = (hash ^ ((unsigned char *)results)[i]) * 1099511628211u;
  for (size_t i = 0; i < sizeof second_results; i++) hash = (hash ^ ((unsigned char *)second_results)[i]) * 1099511628211u;
  return hash;
}

static void refuse_each(const char *name, stein_status (*call)(const char *), const char *options) {
  memset(results, 0, sizeof results), memset(second_results, 0, sizeof second_results);
  stein_status status = call(options);
  if (status) {
    complain(name, options, -1, "it fails without a refusal", status);
    return;
  }
  uint64_t expected = fingerprint();
  free_made();
  for (refused_for_good = 0; refused_for_good < 2; refused_for_good++) {
    for (int64_t n = 0;; n += stride()) {
      int64_t before = living;
      allocations = refused = 0, refused_at = n;
      error.message[0] = 0;
      status = call(options);
      refused_at = -1, tried++;
      if (!refused) {
        if (status) complain(name, options, n, "failed without a refusal", status);
        free_made();
        break;
      }
      refusals++;
      if (status != STEIN_OUT_OF_MEMORY || !error.message[0]) complain(name, options, n, "not refused", status);
      free_made();
      if (living != before) complain(name, options, n, "memory was lost", status);
      if (n % 5 && n > 10) continue;
      status = call(options);
      if (status) complain(name, options, n, "no longer usable", status);
      else if (fingerprint() != expected) complain(name, options, n, "other bits afterwards", status);
      free_made();
    }
  }
}

/* ---- Runs that go on where they were --------------------------------------------------------------------------------------------------- */

static void train_through(const char *model_options, const char *training) {
  static unsigned char expected[1 << 18], bytes[1 << 18];
  uint64_t size = 0, other = 0;
  int64_t last = 1;
  for (int64_t n = -1; n < last; n += n < 0 ? 1 : stride()) {
    for (refused_for_good = 0; refused_for_good < (n < 0 ? 1 : 2); refused_for_good++) {
      int64_t before = living;
      CHECK(stein_model_new(context, dataset, model_options, &made.model, &error) == STEIN_OK);
      CHECK(stein_trainer_new(made.model, dataset, training, &made.trainer, &error) == STEIN_OK);
      allocations = refused = 0, refused_at = n;
      stein_status status = stein_trainer_run(made.trainer, 0, NULL, NULL, &error);
      if (n < 0) last = allocations;
      refused_at = -1, tried++, refusals += refused > 0;
      /* The diagnosis at the end of training may be left out. */
      if (status != STEIN_OUT_OF_MEMORY && status != STEIN_OK) complain(model_options, training, n, "not refused", status);
      int32_t finished = 0;
      status = stein_trainer_run(made.trainer, 0, &finished, NULL, &error);
      if (status || !finished) complain(model_options, training, n, "can't go on", status);
      CHECK(stein_model_write(made.model, n < 0 ? expected : bytes, sizeof bytes, n < 0 ? &size : &other, &error) == STEIN_OK);
      if (n >= 0 && (size != other || memcmp(bytes, expected, size))) complain(model_options, training, n, "other bits afterwards", status);
      free_made();
      if (living != before) complain(model_options, training, n, "memory was lost", status);
    }
  }
}

static void chain_through(const char *options) {
  static double expected[2 * 6 * 3], draws[2 * 6 * 3], part[2 * 6 * 3];
  int64_t last = 1;
  for (int64_t n = -1; n < last; n += n < 0 ? 1 : stride()) {
    for (refused_for_good = 0; refused_for_good < (n < 0 ? 1 : 2); refused_for_good++) {
      int64_t before = living;
      CHECK(stein_chains_new(density, options, NULL, &made.chains, &error) == STEIN_OK);
      stein_tensor out = tensor(draws, 3, 2, 6, 3);
      stein_monitor monitor;
      memset(&monitor, 0, sizeof monitor), monitor.struct_size = sizeof monitor;
      allocations = refused = 0, refused_at = n;
      stein_status status = stein_chains_run(made.chains, &out, NULL, &monitor, &error);
      refused_at = -1, tried++, refusals += refused > 0;
      if (n < 0) last = allocations, memcpy(expected, draws, sizeof draws);
      else if (status != STEIN_OUT_OF_MEMORY && (refused || status)) complain("chains_run", options, n, "not refused", status);
      int64_t done = monitor.step, rest = 6 - done;
      if (status == STEIN_OUT_OF_MEMORY && rest > 0) {
        stein_tensor more = tensor(part, 3, 2, rest, 3);
        status = stein_chains_run(made.chains, &more, NULL, NULL, &error);
        if (status) complain("chains_run", options, n, "can't go on", status);
        for (int64_t c = 0; c < 2; c++) memcpy(draws + 3 * (6 * c + done), part + 3 * rest * c, sizeof *part * (size_t)(3 * rest));
      }
      if (memcmp(draws, expected, sizeof draws)) complain("chains_run", options, n, "other bits afterwards", status);
      free_made();
      if (living != before) complain("chains_run", options, n, "memory was lost", status);
    }
  }
}

/* ---- The world -------------------------------------------------------------------------------------------------------------------------- */

static void make_graph(void) {
  int32_t node, both[] = {0, 1}, last[] = {2};
  CHECK(stein_graph_new(context, &graph, &error) == STEIN_OK);
  CHECK(stein_graph_node(graph, "x", NULL, 0, "columns=3", NULL, &node, &error) == STEIN_OK);
  CHECK(stein_graph_node(graph, "parameter", NULL, 0, "name=m shape=3", NULL, &node, &error) == STEIN_OK);
  CHECK(stein_graph_node(graph, "subtract", both, 2, NULL, NULL, &node, &error) == STEIN_OK);
  CHECK(stein_graph_node(graph, "squared_norm", last, 1, NULL, NULL, &node, &error) == STEIN_OK);
}

static void make_files(void) {
  FILE *file = fopen("memory.csv", "w");
  if (!file) abort();
  fprintf(file, "a,b,c\n");
  for (int i = 0; i < 24; i++) fprintf(file, "%g,%g,%d\n", rows[i][0], rows[i][1], i % 2);
  fclose(file);
  char header[128];
  memset(header, ' ', sizeof header);
  memcpy(header, "\x93NUMPY\x01\0\x76\0", 10);
  const char *text = "{'descr': '<f8', 'fortran_order': False, 'shape': (24, 3), }";
  memcpy(header + 10, text, strlen(text));
  header[127] = '\n';
  file = fopen("memory.npy", "wb");
  if (!file) abort();
  fwrite(header, 1, sizeof header, file), fwrite(rows, sizeof rows, 1, file);
  fclose(file);
  /* A plain network, 4 numbers to 4 and these to 3. */
  text = "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[4,4],\"data_offsets\":[0,64]},\"0.bias\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[64,80]},"
         "\"1.weight\":{\"dtype\":\"F32\",\"shape\":[3,4],\"data_offsets\":[80,128]},\"1.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[128,140]}}";
  uint64_t length = strlen(text);
  float weights[35];
  for (int i = 0; i < 35; i++) weights[i] = (float)(i % 7 - 3) / 4;
  file = fopen("memory.weights", "wb");
  if (!file) abort();
  fwrite(&length, sizeof length, 1, file), fwrite(text, 1, length, file), fwrite(weights, sizeof weights, 1, file);
  fclose(file);
  CHECK(stein_model_save(network, "memory.model", &error) == STEIN_OK);
  stein_model *own = NULL;
  CHECK(stein_model_from_graph(graph, 3, dataset, NULL, &own, &error) == STEIN_OK);
  CHECK(stein_model_save(own, "memory.own", &error) == STEIN_OK);
  stein_model_free(own);
  stein_trainer *trainer = NULL;
  CHECK(stein_model_new(context, dataset, "widths=8", &own, &error) == STEIN_OK);
  CHECK(stein_trainer_new(own, dataset, "steps=6 batch=16 validation=0.2 checks=2", &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_run(trainer, 4, NULL, NULL, &error) == STEIN_OK);
  CHECK(stein_trainer_save(trainer, "memory.checkpoint", &error) == STEIN_OK);
  stein_trainer_free(trainer), stein_model_free(own);
  CHECK(stein_model_write(network, saved, sizeof saved, &saved_size, &error) == STEIN_OK);
}

int main(void) {
  stein_allocator allocator = {sizeof allocator, 0, NULL, allocate, deallocate};
  CHECK(stein_context_new("threads=2", &allocator, &context, &error) == STEIN_OK);
  for (int i = 0; i < 24; i++)
    for (int j = 0; j < 3; j++) rows[i][j] = ((i * 3 + j) * 7919) % 101 * 0.1 + j * 10;
  stein_tensor x = of_rows();
  CHECK(stein_dataset_new(context, &x, NULL, NULL, &dataset, &error) == STEIN_OK);
  CHECK(stein_dataset_new(context, &x, NULL, NULL, &classed, &error) == STEIN_OK);
  int64_t labels[24], shape[] = {24};
  for (int i = 0; i < 24; i++) labels[i] = i % 3;
  stein_tensor classes = stein_int64(labels, 1, shape);
  stein_dataset *labelled;
  CHECK(stein_dataset_new(context, &x, &classes, NULL, &labelled, &error) == STEIN_OK);
  CHECK(stein_model_new(context, labelled, "widths=4", &of_classes, &error) == STEIN_OK);
  stein_dataset_free(labelled);
  gaussian = make_trained(context, dataset, "family=gaussian");
  network = make_trained(context, dataset, "widths=8,8");
  energy = make_trained(context, dataset, "family=energy_mlp widths=8");
  make_graph();
  make_files();
  CHECK(stein_density_from_model(gaussian, NULL, 0.5, &density, &error) == STEIN_OK);
  stein_tensor few = tensor(results, 3, 2, 4, 3);
  CHECK(stein_chains_new(density, "chains=2 warmup=20 metric=dense", NULL, &chains, &error) == STEIN_OK);
  CHECK(stein_chains_run(chains, &few, NULL, NULL, &error) == STEIN_OK);
  CHECK(stein_chains_save(chains, "memory.chains", &error) == STEIN_OK);

  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) refuse_each(calls[i].name, calls[i].call, calls[i].options);
  train_through("widths=8,8", "steps=4 batch=16 checks=2 validation=0.2");
  train_through("widths=8 family=energy_mlp", "steps=3 batch=16 objective=sliced_vr validation=0.2");
  train_through("family=score_unet widths=4,4 blocks=1", "steps=3 batch=16 validation=0.2");
  train_through("family=gaussian", NULL);
  train_through("family=exponential", NULL);
  train_through("family=kernel_exponential points=6", NULL);
  train_through("family=deep_kernel_exponential points=5 kernels=1 widths=4", "steps=3 batch=256 validation=0");
  train_through("family=autoregressive widths=4", "steps=3 objective=maximum_likelihood validation=0.2");
  const char *const kernels[] = {"nuts", "hmc", "mala", "langevin", "underdamped"};
  for (int k = 0; k < 5; k++) {
    char options[80];
    snprintf(options, sizeof options, "kernel=%s chains=2 warmup=%d seed=3%s", kernels[k], k < 3 ? 20 : 0, k < 3 ? "" : " step_size=0.1");
    chain_through(options);
  }
  printf("memory: %lld calls, %lld of them refused an allocation, %lld wrong\n", (long long)tried, (long long)refusals, (long long)wrong);
  CHECK(wrong == 0 && refusals > 500);

  stein_chains_free(chains), stein_density_free(density), stein_graph_free(graph);
  stein_model_free(of_classes), stein_model_free(gaussian), stein_model_free(network), stein_model_free(energy), stein_dataset_free(dataset), stein_dataset_free(classed);
  stein_context_free(context);
  CHECK(living == 0);
  const char *const files[] = {"memory.csv", "memory.npy", "memory.model", "memory.own", "memory.checkpoint", "memory.written", "memory.weights", "memory.chains"};
  for (int i = 0; i < 8; i++) unlink(files[i]);
  return report("memory");
}
