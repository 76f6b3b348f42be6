/* stein.h: train score models and draw samples from them.
 *
 * A score model learns s(x) = grad_x log p(x), the gradient of the log density, from rows of data.
 * A sampler follows that gradient from noise to new rows. This header is the library's manual.
 *
 * SIMPLE API. Six calls lead from a table to new rows:
 *
 *     #include <stdio.h>
 *     #include <stein.h>
 *
 *     int main(void) {
 *       stein_error error = STEIN_ERROR_INIT;
 *       stein_context *context;
 *       stein_dataset *dataset;
 *       stein_model *model;
 *       stein_trainer *trainer;
 *       float samples[100 * 13];
 *       int64_t shape[] = {100, 13};
 *       stein_tensor out = stein_float32(samples, 2, shape);
 *       if (stein_context_new(NULL, NULL, &context, &error) ||
 *           stein_dataset_open(context, "wine.csv", "label=class", &dataset, &error) ||
 *           stein_model_new(context, dataset, NULL, &model, &error) ||
 *           stein_trainer_new(model, dataset, "seed=1", &trainer, &error) ||
 *           stein_trainer_run(trainer, 0, NULL, NULL, &error) ||
 *           stein_sample(model, NULL, NULL, "seed=7", &out, NULL, &error)) {
 *         fprintf(stderr, "%s\n", error.message);
 *         return 1;
 *       }
 *       printf("the first wine has %.1f %% alcohol\n", samples[0]);
 *       return 0;
 *     }
 *
 * The programs in bindings/c/examples go further.
 *
 *     To do this                                   call this
 *     read a file, an array or an Arrow table      stein_dataset_open, _new, _move_arrow
 *     train a network, or fit a Gaussian           stein_model_new, stein_trainer_new, _run
 *     define your own energy                       stein_graph_new, _node, stein_model_from_graph
 *     save and load a model                        stein_model_save, _load, _write, _read
 *     stop and resume training                     stein_trainer_save, _resume
 *     train on several machines                    stein_trainer_set_allreduce
 *     draw new rows                                stein_sample
 *     fill in missing values                       stein_impute
 *     draw rows given linear measurements          stein_sample_posterior
 *     get the log likelihood of a row              stein_model_log_likelihood
 *     find unusual rows                            stein_model_losses, stein_model_log_likelihood
 *     evaluate score, energy or denoiser           stein_model_score, _energy, _denoise
 *     run NUTS or HMC on a density                 stein_density_new, stein_chains_new, _run
 *     check that chains have converged             stein_rhat, stein_effective_sample_size
 *     compare samples with data                    stein_sliced_wasserstein,
 *                                                  stein_maximum_mean_discrepancy
 *     compare samples with a density               stein_kernel_stein_discrepancy
 *     read one figure or warning                   stein_*_get_numbers, stein_*_get_text
 *     read everything as JSON                      stein_*_describe
 *     list the options of a call                   stein_options_describe
 *     show progress, or stop a call                stein_monitor
 *
 * PARAMETERS that many functions share; a comment repeats them only where it has more to say:
 *
 *     context  where the object is made: its threads and its memory
 *     options  text "key=value key=value" (R16); NULL takes every default
 *     x, out   one row of the model or data set for each first index: [n, ...], float32 or
 *              float64, any strides, in the data's units; n may be 0
 *     labels   one class for each row: integers [n], or NULL for none
 *     sigma    the noise level; see stein_model_score
 *     monitor  to watch and stop the call, or NULL
 *     error    gets the reason when a call fails, or NULL
 *
 * In comments d is the number of columns of a row, n the number of rows, x' a transpose, ||.|| the
 * Euclidean norm, and E the mean. `u` is a row in the model's own units: u = (x - mean) / scale.
 *
 * RULES. Each has a number, and tests cite it.
 *
 *  R1  Every function that can fail returns a stein_status. STEIN_OK is 0.
 *  R2  `error` is the last parameter of every function that can fail, except *_free. It may be
 *      NULL. It belongs to the caller, who sets struct_size. The library fills it whenever the
 *      status is not STEIN_OK, and leaves it alone otherwise. There is no global error and none per
 *      thread, because goroutines and green threads move between threads.
 *  R3  After a 1xx status nothing has been written; the one exception is `needed` (R8). After any
 *      later status handles and numbers are untouched, and a tensor output holds its first
 *      monitor->step whole rows; the rest of it is unspecified. Inputs are never written. An output
 *      may be exactly an input. Any other overlap with an input, or of an output with itself, is
 *      STEIN_BAD_SHAPE.
 *  R4  Handles are tokens, not addresses. A handle that is NULL, freed, of another kind or invented
 *      is STEIN_BAD_HANDLE.
 *  R5  Calls with a const handle share the object. A call with a non-const handle needs it alone.
 *      If two calls conflict, the second returns STEIN_BUSY at once. A trainer trains its own
 *      copy of the weights. The model gets the new weights (their moving average) when a run
 *      returns, whatever its status; calls that began before keep the old ones. So a model may be
 *      sampled while it is trained. A model has at most one trainer; a second one is
 *      STEIN_BAD_STATE.
 *  R6  *_free accepts NULL. Objects may be freed in any order: what was made from an object keeps
 *      what it needs of it. Freeing is safe while another thread is inside a call on the object;
 *      that call runs to its end. *_free takes no error.
 *  R7  Memory that is passed in is borrowed for the length of the call.
 *  R8  Text, bytes and numbers go out into a buffer of the caller's: (buffer, capacity, needed).
 *      `needed` is always written. For text it counts the final NUL; for numbers it counts numbers.
 *      A capacity that is too small, including 0 with a NULL buffer, is STEIN_BUFFER_TOO_SMALL. No
 *      function returns memory that must be freed. A const char * that is returned is constant.
 *  R9  Text comes in as UTF-8 that ends in NUL.
 *  R10 Callbacks run inside a call: a progress callback inside the call that uses its monitor, a
 *      noise function inside stein_trainer_run, an allreduce there and inside the call that sets
 *      it, a density function inside stein_chains_run and stein_density_check. They run on that
 *      call's thread, in the host's floating-point mode, and one call never runs two at once.
 *      Allocator callbacks may run on any thread at any time. A callback must return: no exception,
 *      no longjmp. Inside a callback, a call that takes a monitor is STEIN_BUSY. `user` may be NULL
 *      and is passed back unchanged.
 *  R11 The library writes nothing to stdout or stderr. It installs no signal handler, and changes
 *      no locale, directory, environment or floating-point mode.
 *  R12 Only fixed-width integers, float, double, char and pointers cross the interface; structs
 *      only behind pointers. Only 64-bit processes are supported. A call needs up to 256 KiB of its
 *      thread's stack, plus what callbacks use.
 *  R13 Every struct begins with struct_size, which the caller sets to its sizeof. A struct only
 *      grows at its end. The exception is stein_tensor, which is DLPack's DLTensor.
 *  R14 From 1.0 on each declaration will name the version in which it became stable, and a stable
 *      one never changes. Until then the CHANGELOG names every change.
 *  R15 On one kind of processor, one version of the library gives the same bits for the same
 *      inputs, options, seed and callback results. The number of threads, the batch in which a row
 *      was drawn, the pieces into which a run was cut, the caller's floating-point mode and
 *      language make no difference. The seed is 0 unless it is given.
 *  R16 Options are text: "key=value key=value", with lists separated by commas, as in
 *      "widths=256,256 activation=silu". An unknown key, a bad value, a key given twice and an
 *      option that has no effect beside the others are STEIN_BAD_OPTION. The error names the key
 *      and says what is allowed, what it belongs to, or which key was probably meant. NULL or ""
 *      takes every default. A value or list item that contains a space, a comma, a quote or = is
 *      quoted: label="fixed acidity", with \" and \\ inside. Numbers have a decimal point in
 *      every locale. stein_options_describe lists every key.
 *  R17 Every call whose time grows with its data takes a monitor, and checks it at least every
 *      50 ms between callbacks. (Making and opening data sets, describing, saving, loading and
 *      drawing labels are one pass over their bytes and take no monitor.)
 *  R18 After fork the child may use every object that no other thread was using. The others are
 *      STEIN_BUSY there, and can be freed.
 */
#ifndef STEIN_H
#define STEIN_H
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define STEIN_API __attribute__((visibility("default")))
#define STEIN_CHECK __attribute__((warn_unused_result))
#else
#define STEIN_API
#define STEIN_CHECK
#endif

#define STEIN_VERSION_MAJOR 0
#define STEIN_VERSION_MINOR 2
#define STEIN_VERSION_PATCH 0
/* One number to compare in #if: 200 for 0.2.0, 10203 for 1.2.3. */
#define STEIN_VERSION_NUMBER \
  (STEIN_VERSION_MAJOR * 10000 + STEIN_VERSION_MINOR * 100 + STEIN_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version, status, errors ----------------------------------------------------------------- */

typedef int32_t stein_status;
enum {
  STEIN_OK = 0,
  /* 1xx: the call is wrong */
  STEIN_BAD_POINTER = 101, /* NULL where memory is needed, or a struct_size that is too small */
  STEIN_BAD_HANDLE = 102,  /* not a living object of the expected kind */
  STEIN_BAD_VALUE = 103,   /* a number or text outside its range */
  STEIN_BAD_SHAPE = 104,   /* wrong shape, strides, dtype or device of a tensor, or an overlap */
  STEIN_BAD_OPTION = 105,  /* error.option names it */
  STEIN_BAD_STATE = 106,   /* not now: sampling an untrained model, making a second trainer */
  STEIN_BUSY = 107,        /* another call is using the object */
  STEIN_BUFFER_TOO_SMALL = 108,
  STEIN_NOT_FINITE = 109, /* NaN or infinity in the input */
  /* 2xx: the machine or a file refuses */
  STEIN_OUT_OF_MEMORY = 201, /* of the machine, of the allocator or of memory_limit */
  STEIN_IO = 202,            /* reading or writing failed; the message has the system's reason */
  STEIN_BAD_FILE = 203,      /* the file is not what its name or header says */
  STEIN_NO_FILE = 204,       /* no file of that name */
  STEIN_UNSUPPORTED = 205,   /* not on this processor, or not for this family: the message says
                                what is. Below x86-64-v3 (AVX2, FMA, BMI and others) every call
                                that takes an error returns this; only stein_version,
                                stein_status_name and *_free work */
  /* 3xx: the caller asked to stop */
  STEIN_CANCELLED = 301,
  STEIN_DEADLINE = 302,
  STEIN_CALLBACK_FAILED = 303, /* error.callback_code is what the callback returned */
  /* 4xx: the mathematics failed */
  STEIN_DIVERGED = 401, /* values became infinite or NaN; the last good state is kept, and the
                           message names step and level */
  /* 5xx: a defect of this library */
  STEIN_INTERNAL = 501
};

/* What went wrong. Start with STEIN_ERROR_INIT. */
typedef struct stein_error {
  uint32_t struct_size;
  stein_status status;
  int32_t parameter;     /* 1-based index of the offending parameter; 0 if none */
  int32_t callback_code; /* what a callback returned, with STEIN_CALLBACK_FAILED */
  char option[64];       /* the offending option; "" if none */
  char message[432];     /* one sentence, UTF-8: "out has 3 columns, the model has 11" */
} stein_error;

/* "0.2.0" */
STEIN_API const char *stein_version(void);

/* The name of a status: "STEIN_BAD_SHAPE" for 104, and "unknown" for a number that is not one. */
STEIN_API const char *stein_status_name(stein_status status);

/* Describes the options that calls of one kind accept, as JSON: an array of
 * {name, type, default, minimum, maximum, choices, meaning, since}.
 *
 * kind: "context", "dataset", "model", "graph", "trainer", "sampler",
 * "impute" (stein_sample_posterior too), "encode", "decode", "log_likelihood", "loss", "denoising",
 * "chains", "effective_sample_size", "kernel_stein_discrepancy", "sliced_wasserstein",
 * "maximum_mean_discrepancy" or "import_weights". Another is STEIN_BAD_VALUE. */
STEIN_API STEIN_CHECK stein_status stein_options_describe(const char *kind, char *buffer,
                                                          uint64_t capacity, uint64_t *needed,
                                                          stein_error *error);

/* ---- Tensors: DLPack's DLTensor, bit for bit, a view of memory that the caller owns ---------- */

typedef struct stein_device {
  int32_t device_type, device_id; /* {1, 0} is the CPU, the only device accepted */
} stein_device;
typedef struct stein_dtype {
  uint8_t code, bits; /* {2, 32, 1}: float32; {2, 64, 1}: float64; for labels {0, 8..64, 1}: signed
                         and {1, 8..64, 1}: unsigned integers */
  uint16_t lanes;
} stein_dtype;
typedef struct stein_tensor {
  void *data; /* aligned to its elements; may be NULL only if a length is 0 */
  stein_device device;
  int32_t ndim; /* 1 to 5 */
  stein_dtype dtype;
  int64_t *shape;   /* the first length is the number of rows, n */
  int64_t *strides; /* in elements, of any sign; NULL means row-major. Column-major is fine too */
  uint64_t byte_offset;
} stein_tensor;

/* ---- Watching and stopping ------------------------------------------------------------------- */

typedef struct stein_monitor stein_monitor;
/* Return 0 to go on and 1 to cancel; anything else is STEIN_CALLBACK_FAILED. Called at most every
 * 20 ms. */
typedef int32_t (*stein_progress_fn)(void *user, const stein_monitor *monitor);
/* Belongs to the caller: start with STEIN_MONITOR_INIT, which is zeros except for struct_size.
 * While a call runs, any thread or signal handler may read it and write `cancel`: each field is
 * whole, their order is not promised. A call begins by resetting `step` to `validation`, and never
 * clears `cancel`. A stopped call returns STEIN_CANCELLED or STEIN_DEADLINE and keeps what R3 and
 * R5 say. */
struct stein_monitor {
  uint32_t struct_size;
  volatile int32_t cancel;          /* the host writes 1 to stop the call */
  volatile int64_t step, steps;     /* the library writes training steps, or rows; steps is 0 while
                                       their number is unknown */
  volatile double loss, validation; /* NaN before the first one */
  int64_t deadline_ns;              /* a time of CLOCK_MONOTONIC; 0: none */
  stein_progress_fn progress;       /* or NULL */
  void *user;
};

/* ---- Contexts: threads and memory. Everything else is made in one ---------------------------- */

typedef struct stein_context stein_context;
/* The caller's memory. `allocate` returns NULL when there is none left. `alignment` is a power of
 * two, at most 4096. Both functions may be called from any thread. */
typedef struct stein_allocator {
  uint32_t struct_size, reserved;
  void *user;
  void *(*allocate)(void *user, uint64_t size, uint64_t alignment);
  void (*deallocate)(void *user, void *memory, uint64_t size, uint64_t alignment);
} stein_allocator;

/* Makes a context. Everything that grows with data or models comes from its allocator and counts
 * against its limit.
 *
 *   options    threads: 0 takes as many as the process may use processors, by its affinity and by
 *              the CPU quota of its control groups, rounded up
 *              memory_limit: in bytes; 0 is no limit
 *              trace: a file for the time of every step that runs, in Chrome's trace format (see
 *              stein_context_check_trace)
 *   allocator  NULL: the library's own
 *
 * Example: stein_context_new("threads=4 memory_limit=1000000000", NULL, &context, &error) */
STEIN_API STEIN_CHECK stein_status stein_context_new(const char *options,
                                                     const stein_allocator *allocator,
                                                     stein_context **context, stein_error *error);

/* Says whether the trace of a context made with trace=FILE is complete. A write that fails ends the
 * trace but never a call: this function is then STEIN_IO with the system's reason, and STEIN_OK as
 * long as nothing is missing.
 *
 * The file is a JSON array of events {"name", "cat", "ph": "X", "ts", "dur", "pid", "tid", "args"},
 * with times in microseconds, which chrome://tracing and ui.perfetto.dev show. "training step" and
 * "optimizer" have the cat "call". The steps of programs, which models and objectives become, have
 * the cat "shard" (for a shard of rows) or "once" (when the weights changed), and the args step,
 * size and bytes. An event is written when its shard is done, so the time between shards is longer
 * than without a trace.
 *
 * The file is valid JSON at any time: after a cancelled run, too, and where the process ends
 * without freeing the context. It ends at 1 GiB. An existing file is replaced. stein_context_new
 * fails where the file can't be opened or another context writes to it. */
STEIN_API STEIN_CHECK stein_status stein_context_check_trace(const stein_context *context,
                                                             stein_error *error);
STEIN_API stein_status stein_context_free(stein_context *context);

/* ---- Data sets ------------------------------------------------------------------------------- */

typedef struct stein_dataset stein_dataset;

/* Makes a data set of rows in memory, which it copies.
 *
 *   rows     [n, d], or rows of up to 4 axes each (score_unet reads [n, height, width, channels]),
 *            float32 or float64, any strides
 *   labels   integers [n], the class of each row, or NULL. score_mlp, score_unet and energy_mlp
 *            learn the density of each class; models of other families need classes=ignore
 *   options  names: the names of the columns
 *
 * A NaN or infinity is STEIN_NOT_FINITE, and the message gives its row and column. */
STEIN_API STEIN_CHECK stein_status stein_dataset_new(const stein_context *context,
                                                     const stein_tensor *rows,
                                                     const stein_tensor *labels,
                                                     const char *options, stein_dataset **dataset,
                                                     stein_error *error);

/* Reads a data set from a file.
 *
 *   path     .npy (versions 1 to 3; real numbers and integers; both byte orders and array orders)
 *            or numeric .csv (finds the header and the separator , ; tab | or space by itself;
 *            fields may be quoted)
 *   options  format, separator, header
 *            label: the column that holds the class, by name or by number from 0 (negative: from
 *            the end)
 *            columns: the columns to keep, in order
 *
 * A missing or unreadable value is STEIN_BAD_FILE with its line and column.
 *
 * Example: stein_dataset_open(context, "wine.csv", "label=class", &dataset, &error) */
STEIN_API STEIN_CHECK stein_status stein_dataset_open(const stein_context *context,
                                                      const char *path, const char *options,
                                                      stein_dataset **dataset, stein_error *error);

/* Writes a tensor of any type and strides to a .npy file, row-major, whole or not at all.
 * stein_dataset_open and NumPy read it. */
STEIN_API STEIN_CHECK stein_status stein_tensor_save(const stein_context *context,
                                                     const stein_tensor *tensor, const char *path,
                                                     stein_error *error);

/* The Arrow C stream, which Arrow, pandas, polars and DuckDB offer; their headers define it. */
struct ArrowArrayStream;
/* Makes a data set from a stream of record batches, which it copies.
 *
 *   moved_stream  columns of integers and floats of every width; booleans, read as 0 and 1; and
 *                 dictionaries, read as each value's place in a dictionary that is the same for all
 *                 batches. Validity bitmaps, offsets and any number of batches are fine. The call
 *                 takes the stream over and releases it before it returns, whatever the status
 *   options       label and columns as for stein_dataset_open; names
 *
 * A missing value is STEIN_BAD_VALUE with its row and column. A column of another type is
 * STEIN_UNSUPPORTED unless `columns` leaves it out. A producer that fails is STEIN_CALLBACK_FAILED
 * with its own message. */
STEIN_API STEIN_CHECK stein_status stein_dataset_move_arrow(const stein_context *context,
                                                            struct ArrowArrayStream *moved_stream,
                                                            const char *options,
                                                            stein_dataset **dataset,
                                                            stein_error *error);

/* Describes a data set as JSON: shape, names, mean, deviation, minimum, maximum, constant_columns,
 * and classes with their counts. */
STEIN_API STEIN_CHECK stein_status stein_dataset_describe(const stein_dataset *dataset,
                                                          char *buffer, uint64_t capacity,
                                                          uint64_t *needed, stein_error *error);

/* Gets the numbers that a description has under one name, without JSON.
 *
 *   name      a key of *_describe. A point leads into an object, and an array of objects gives a
 *             number of each: "levels.sigma" of a trainer
 *   values    room for `capacity` numbers, row by row where they are a list of lists. true is 1,
 *             false 0, null NaN
 *   needed    how many there are
 *
 * A name that the description does not have, or that is not of numbers, is STEIN_BAD_VALUE; the
 * message lists the names. These functions exist for data sets, models, trainers and chains.
 *
 * Example: double scale[13];
 *          stein_model_get_numbers(model, "scale", scale, 13, &needed, &error) */
STEIN_API STEIN_CHECK stein_status stein_dataset_get_numbers(const stein_dataset *dataset,
                                                             const char *name, double *values,
                                                             uint64_t capacity, uint64_t *needed,
                                                             stein_error *error);

/* Gets one text that a description has under one name: number `index` of a list, or 0 where there
 * is one text alone. An index beyond the last one is STEIN_BAD_VALUE, which ends a loop.
 *
 * Example: for (int64_t k = 0; !stein_dataset_get_text(dataset, "names", k, name, sizeof name,
 *                                                      &needed, NULL); k++) puts(name); */
STEIN_API STEIN_CHECK stein_status stein_dataset_get_text(const stein_dataset *dataset,
                                                          const char *name, int64_t index,
                                                          char *buffer, uint64_t capacity,
                                                          uint64_t *needed, stein_error *error);

/* Gets the shape of the rows: shape[0] is n. shape has room for 5. */
STEIN_API STEIN_CHECK stein_status stein_dataset_shape(const stein_dataset *dataset, int32_t *ndim,
                                                       int64_t *shape, stein_error *error);
STEIN_API stein_status stein_dataset_free(stein_dataset *dataset);

/* ---- Models ---------------------------------------------------------------------------------- */

typedef struct stein_model stein_model;

/* Makes a model: a family of densities over the rows of a data set. The data set gives shape,
 * classes, location and scale; training finds the parameters.
 *
 *   family=                  log density                     its options
 *   score_mlp                none; a residual network        widths, activation, residual,
 *                            gives the score itself          embedding, dropout,
 *                                                            noise_conditional,
 *                                                            parameterization, preconditioning
 *   score_unet               none; the same by               widths, blocks, spatial_axes,
 *                            convolutions, for pictures      activation, embedding,
 *                            and signals                     noise_conditional, parameterization
 *   energy_mlp               -E of a network                 those of score_mlp, without
 *                                                            parameterization
 *   gaussian                 N(mean, covariance)             covariance, rank
 *   mixture                  of Gaussians                    components, covariance, rank
 *   exponential              theta . T(u), with polynomials  statistics, degree, exponents
 *                            or a pairwise graphical model
 *   kernel_exponential       sum of kernels at points        points
 *                            (Sutherland et al. 2018)
 *   deep_kernel_exponential  the same over learned features   points, kernels, widths
 *                            (Wenliang et al. 2019)
 *   nice                     flow of additive couplings      couplings, widths, activation
 *                            (Dinh et al. 2015)
 *   autoregressive           product of conditional          conditional, components, widths,
 *                            mixtures                        activation
 *
 * Every family also takes scale, domain and seed.
 *
 * score_unet (Ronneberger et al. 2015; Ho et al. 2020, without attention) takes rows on a grid:
 * signals from data sets [n, length] or, with spatial_axes=1, [n, length, channels]; pictures from
 * [n, height, width] or [n, height, width, channels]. Channels come last; the strides of a
 * stein_tensor describe other layouts. With a picture of 28 by 28, one training step takes 10 to
 * 15 ms of one core, and one evaluation of the score 4 to 5 ms.
 *
 * score_mlp and energy_mlp start as the Gaussian with the data's covariance, shrunk where there are
 * few rows (Ledoit & Wolf 2020). Along each axis of that Gaussian the network's input and output
 * are scaled by the axis's variance, as Karras et al. (2022) scale all axes by one. So the network
 * only learns what is not Gaussian in the data. preconditioning=isotropic starts as
 * N(mean, sigma_data^2), which weights from elsewhere and scale=common need.
 *
 *   scale=columns  each column by its own deviation: for tables
 *   scale=common   all columns by one: for pictures and signals. The default from 3 axes on and
 *                  for score_unet
 *   scale=none     not scaled: u is x
 *
 * Inside the library a row is u = (x - mean) / scale, and parameters are those of u. Constant
 * columns are left out there and restored in results. With domain=positive u = x / scale.
 *
 *   domain=positive | box | ball  the density lives there alone; lower, upper, centre and radius
 *                                 are in the data's units
 *
 * Example: stein_model_new(context, dataset, "family=mixture components=3", &model, &error) */
STEIN_API STEIN_CHECK stein_status stein_model_new(const stein_context *context,
                                                   const stein_dataset *dataset,
                                                   const char *options, stein_model **model,
                                                   stein_error *error);

typedef struct stein_graph stein_graph;

/* Starts a graph: a model of your own. A graph is written for one row: x has shape [d], an energy
 * is one number, a score has shape [d]. The library runs the graph over rows, and derives from it
 * what an objective needs, up to third derivatives.
 *
 *   operation (its options)                        what it is
 *   x (columns)                                    the row
 *   sigma                                          the noise level; a graph that uses it is one
 *                                                  density for each level
 *   parameter (name, shape, start)                 what training finds
 *   constant (value), identity (size)
 *   negate exp log tanh sigmoid softplus silu      of each element
 *   sqrt reciprocal sin cos abs sign relu step
 *   square power (exponent)
 *   add subtract multiply divide maximum minimum   of two; lengths must be equal or 1, from the
 *   greater                                        last axis on
 *   select                                         a where the condition is not 0, else b
 *   matmul                                         as NumPy's, of vectors too
 *   dot squared_norm                               along the last axis
 *   convolution transposed_convolution             a picture [height, width, channels] under a
 *   (stride, padding)                              kernel [height, width, channels, filters]; a
 *                                                  signal has height 1; the transposed one takes
 *                                                  [height, width, filters]
 *   sum mean max log_sum_exp (axes, keep_axes)     over axes
 *   broadcast reshape (shape) transpose (axes)     of the shape
 *   slice (starts, sizes) concatenate (axis)
 *   gather (indices)
 *   inverse log_determinant                        of the last two axes
 *
 * stein_options_describe("graph") explains the options. What depends on x has at most 3 axes,
 * everything else 4. A graph has at most 4,096 nodes, and its constants and starting values
 * together at most 2^20 numbers. The name of a parameter is 1 to 128 characters of A-Z, a-z, 0-9,
 * _, . and -. The model leaves out what the output does not need. The objectives exact and sliced
 * refuse an energy with a kink in x (abs, relu, maximum, select and others). */
STEIN_API STEIN_CHECK stein_status stein_graph_new(const stein_context *context,
                                                   stein_graph **graph, stein_error *error);

/* Appends an operation to a graph.
 *
 *   operation  a name of the table above
 *   inputs     the numbers of `count` nodes that it takes
 *   value      of a constant, or of a parameter's start: float32 or float64 with 1 to 4 axes;
 *              else NULL
 *   node       gets the number of the new node
 *
 * Shapes that do not fit are STEIN_BAD_SHAPE, and the message names the operation and the shapes:
 * "matmul of [3] and [4, 2]: ...".
 *
 * Example: int32_t both[] = {x, mean}, difference;
 *          stein_graph_node(graph, "subtract", both, 2, NULL, NULL, &difference, &error) */
STEIN_API STEIN_CHECK stein_status stein_graph_node(stein_graph *graph, const char *operation,
                                                    const int32_t *inputs, int32_t count,
                                                    const char *options,
                                                    const stein_tensor *value, int32_t *node,
                                                    stein_error *error);

/* Gets the shape of a node's value for one row. shape has room for 5. One number has no axis. */
STEIN_API STEIN_CHECK stein_status stein_graph_shape(const stein_graph *graph, int32_t node,
                                                     int32_t *ndim, int64_t *shape,
                                                     stein_error *error);

/* Writes a graph as text, for people.
 *
 *   node    the node to describe, with all that it needs; -1: the whole graph
 *   format  "text"     a line for each node, "%3 = sum(%2, axes=0) [4]": its number, its operation,
 *                      its shape
 *           "dot"      a drawing in the language of Graphviz
 *           "formula"  one node in Python's notation, "(x[0] - a) ** 2 / 2"; "…" stands for what
 *                      makes it longer than 120 characters */
STEIN_API STEIN_CHECK stein_status stein_graph_describe(const stein_graph *graph, int32_t node,
                                                        const char *format, char *buffer,
                                                        uint64_t capacity, uint64_t *needed,
                                                        stein_error *error);
STEIN_API stein_status stein_graph_free(stein_graph *graph);

/* Makes a model of a graph.
 *
 *   node     the number of the node that is the output
 *   options  output=energy (p is proportional to exp(-node)), log_density or score
 *            scale (none unless given, so that u is x), domain, seed and others as for
 *            stein_model_new
 *
 * The graph may be freed afterwards. A saved model contains it. */
STEIN_API STEIN_CHECK stein_status stein_model_from_graph(const stein_graph *graph, int32_t node,
                                                          const stein_dataset *dataset,
                                                          const char *options,
                                                          stein_model **model,
                                                          stein_error *error);

/* Loads and saves a model as a safetensors file, whose metadata hold the description as JSON under
 * "stein". Saving replaces a file whole or not at all. */
STEIN_API STEIN_CHECK stein_status stein_model_load(const stein_context *context, const char *path,
                                                    stein_model **model, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_save(const stein_model *model, const char *path,
                                                    stein_error *error);

/* Writes the bytes of such a file to memory (R8), and reads a model from them. */
STEIN_API STEIN_CHECK stein_status stein_model_write(const stein_model *model, void *buffer,
                                                     uint64_t capacity, uint64_t *needed,
                                                     stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_read(const stein_context *context,
                                                    const void *bytes, uint64_t size,
                                                    stein_model **model, stein_error *error);

/* Takes the weights of a plain network that was trained elsewhere, for score_mlp and energy_mlp
 * with residual=false and preconditioning=isotropic.
 *
 *   path     a safetensors file of float32. Layers are taken in the order of their names:
 *            NAME.weight [out, in] as in PyTorch or NAME.kernel [in, out] as in Flax, and
 *            NAME.bias; the last bias of an energy is left out
 *   options  sigma_min, sigma_max: the levels for which the network was trained; prefix;
 *            unconditional
 *
 * The first layer takes u / sqrt(sigma^2 + sigma_data^2) in units of the model
 * (stein_model_describe), then the noise level (with embedding=log: ln(sigma / sigma_data) / 4),
 * then one number for each class. For a model of one level it takes u alone. The model then counts
 * as trained. */
STEIN_API STEIN_CHECK stein_status stein_model_import_weights(stein_model *model, const char *path,
                                                              const char *options,
                                                              stein_error *error);

/* Writes a model as ONNX (operator set 17, IR 8), for other runtimes.
 *
 *   inputs   x [n, ...] float32, in the data's units; sigma [n] float32, above 0; of a model with
 *            classes label [n] int64, where a number that is not a class means none
 *   outputs  score [n, ...], grad log p_sigma; of models trained with Gaussian noise also
 *            denoised [n, ...]
 *
 * STEIN_UNSUPPORTED if the model has an operation that ONNX does not have (inverses of matrices).
 * There rows are standardized in float32: where a column's mean is many times its deviation,
 * subtract the mean first. */
STEIN_API STEIN_CHECK stein_status stein_model_export_onnx(const stein_model *model,
                                                           const char *path, stein_error *error);

/* Describes a model as JSON:
 *
 *   family and its options (structure, domain), shape, names, noise_kernel, classes, trained
 *   dtype                 float32 or float64, as the rows came from which it was made
 *   mean, scale           [d], of the columns
 *   sigma_min, sigma_max  the levels trained
 *   sigma_data            deviation of the data in units of u
 *   resolution            the finest scale at which the rows showed a density, in widths of their
 *                         Gaussian; 0: none
 *   clean_level           see stein_model_score
 *   parameters            name and shape of each
 *   statistics            of an exponential family
 *   warnings              sentences about shapes that are probably a mistake, such as channels that
 *                         come first, with what to give instead */
STEIN_API STEIN_CHECK stein_status stein_model_describe(const stein_model *model, char *buffer,
                                                        uint64_t capacity, uint64_t *needed,
                                                        stein_error *error);

/* Get numbers ("mean", "scale", "sigma_min", "sigma_max", "classes") or texts ("family", "names",
 * "warnings") of that description, as for stein_dataset_get_numbers and stein_dataset_get_text. */
STEIN_API STEIN_CHECK stein_status stein_model_get_numbers(const stein_model *model,
                                                           const char *name, double *values,
                                                           uint64_t capacity, uint64_t *needed,
                                                           stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_get_text(const stein_model *model, const char *name,
                                                        int64_t index, char *buffer,
                                                        uint64_t capacity, uint64_t *needed,
                                                        stein_error *error);

/* Gets the shape of one row: shape[0] is 1. shape has room for 5. */
STEIN_API STEIN_CHECK stein_status stein_model_shape(const stein_model *model, int32_t *ndim,
                                                     int64_t *shape, stein_error *error);

/* Gets a parameter by the name that stein_model_describe lists.
 *
 *   ndim, shape  its shape, or NULL. shape has room for 5
 *   out          its values, in a tensor of that shape; NULL asks for the shape alone */
STEIN_API STEIN_CHECK stein_status stein_model_parameter(const stein_model *model,
                                                         const char *name, int32_t *ndim,
                                                         int64_t *shape, const stein_tensor *out,
                                                         stein_error *error);
STEIN_API stein_status stein_model_free(stein_model *model);

/* Evaluate a model at noise level sigma:
 *
 *   score:    s(x) = grad log p_sigma(x)
 *   denoise:  E[clean | x] = x + sigma^2 scale^2 s(x)   (Tweedie; Robbins 1956, Efron 2011).
 *             STEIN_UNSUPPORTED after training with a noise_kernel other than gaussian
 *   energy:   E(x), with p_sigma proportional to exp(-E), up to a constant that depends on sigma
 *             and label; for gaussian, mixture, nice and autoregressive -ln p_sigma(x) in nats.
 *             STEIN_UNSUPPORTED for score_mlp and score_unet
 *
 *   x       [n, ...] like the model's rows
 *   labels  integers [n], or NULL: without a class, which a model with classes must have learned by
 *           label_dropout
 *   sigma   x is the data plus noise whose deviation in column j is sigma * scale[j]
 *           (stein_model_describe gives scale). A level outside the range trained is
 *           STEIN_BAD_VALUE; 0 is allowed:
 *           for denoise and denoise_covariance it means the lowest level trained;
 *           for score, energy and jacobian, and for stein_density_from_model and
 *           stein_fisher_divergence, the level at which the score of the data themselves is known
 *           best
 *   out     score, denoise: like x; energy: [n]
 *
 * High levels blur the score of the data, and low ones amplify the errors of a network. The best
 * level is found at the end of training of score_mlp and energy_mlp (clean_level in describe; null
 * means the lowest). Among the levels up to half the data's deviation it is the one with the least
 * E[1/2 ||s||^2 + tr grad s], the loss of Hyvarinen (2005), on held-out rows, or else on training
 * rows. */
STEIN_API STEIN_CHECK stein_status stein_model_score(const stein_model *model,
                                                     const stein_tensor *x,
                                                     const stein_tensor *labels, double sigma,
                                                     const stein_tensor *out,
                                                     stein_monitor *monitor, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_denoise(const stein_model *model,
                                                       const stein_tensor *x,
                                                       const stein_tensor *labels, double sigma,
                                                       const stein_tensor *out,
                                                       stein_monitor *monitor, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_energy(const stein_model *model,
                                                      const stein_tensor *x,
                                                      const stein_tensor *labels, double sigma,
                                                      const stein_tensor *out,
                                                      stein_monitor *monitor, stein_error *error);

/* Evaluate derivatives at noise level sigma; x, labels and sigma as for stein_model_score.
 *
 *   jacobian:            out[r][i][j] = d s_j / d x_i. Symmetric for energies; for a score network
 *                        ||J - J'|| / ||J|| measures how far it is from a gradient field
 *   denoise_covariance:  Cov[clean | x] = S sigma^2 (I + sigma^2 grad s_u) S, S = diag(scale),
 *                        made symmetric. Its eigenvalues over sigma^2 scale^2 tend to 1 along the
 *                        manifold near which the data lie, and to 0 across it
 *
 *   out  [n, d, d], d the model's columns */
STEIN_API STEIN_CHECK stein_status stein_model_jacobian(const stein_model *model,
                                                        const stein_tensor *x,
                                                        const stein_tensor *labels, double sigma,
                                                        const stein_tensor *out,
                                                        stein_monitor *monitor,
                                                        stein_error *error);
STEIN_API STEIN_CHECK stein_status
stein_model_denoise_covariance(const stein_model *model, const stein_tensor *x,
                               const stein_tensor *labels, double sigma, const stein_tensor *out,
                               stein_monitor *monitor, stein_error *error);

/* Measures how well a model removes noise.
 *
 *   sigmas   levels [k], float32 or float64
 *   options  draws, reference, seed
 *   out      [k, 3]: squared errors in units of u, summed over dimensions, averaged over rows and
 *            draws
 *            0: sigma^2 D - sigma^4 E||s||^2, the smallest possible error according to the model's
 *               own score; divided by sigma^2 it is the dimension of the data seen at that scale
 *            1: E||D(noisy) - clean||^2, on these rows
 *            2: the same for the exact denoiser of these rows, a softmax over them. A model that
 *               reaches it has memorized the rows */
STEIN_API STEIN_CHECK stein_status stein_model_denoise_error(const stein_model *model,
                                                             const stein_dataset *dataset,
                                                             const stein_tensor *sigmas,
                                                             const char *options,
                                                             const stein_tensor *out,
                                                             stein_monitor *monitor,
                                                             stein_error *error);

/* Compute an objective on the rows of a data set: its mean, or its value for each row. A high loss
 * marks an unusual row. In units of u, summed over dimensions; the draws repeat with the seed.
 *
 *   dataset  rows of the model's shape, with labels if the model has classes
 *   options  objective, draws (noise draws for each row), sigma, projections, projection_law, seed
 *            and others
 *   out      loss: one number; losses: [n] */
STEIN_API STEIN_CHECK stein_status stein_model_loss(const stein_model *model,
                                                    const stein_dataset *dataset,
                                                    const char *options, double *out,
                                                    stein_monitor *monitor, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_losses(const stein_model *model,
                                                      const stein_dataset *dataset,
                                                      const char *options,
                                                      const stein_tensor *out,
                                                      stein_monitor *monitor, stein_error *error);

/* ---- Training -------------------------------------------------------------------------------- */

typedef struct stein_trainer stein_trainer;

/* Makes a trainer, which fits the model to the rows of a data set.
 *
 *   objective=          loss of a row, with s at u = row + noise     for
 *   denoising           1/2 ||sigma s - sigma grad log q||^2         all; noise_kernel, schedule,
 *                       (Vincent 2011), at many levels or one        weighting
 *   exact               tr grad s + 1/2 ||s||^2 (Hyvarinen 2005);    all; cost grows with d
 *                       weighted on domains (2007)
 *   sliced              v'(grad s)v + 1/2 (v's)^2 (Song et al.       all; costs as much as the
 *                       2019); projections, projection_law           network
 *   sliced_vr           v'(grad s)v + 1/2 ||s||^2: less variance     the same
 *   finite_difference   sliced, by evaluations alone (Pang et al.    all except domains and deep
 *                       2020)                                        kernels
 *   maximum_likelihood  -ln p, for comparison                        mixture, nice, autoregressive
 *   closed_form         the minimizer at once; standard errors by    gaussian, exponential,
 *                       Godambe's sandwich                           kernel_exponential
 *
 * Models of many noise levels use each objective at all of them. An objective that a family does
 * not support is STEIN_UNSUPPORTED; the message gives the reason and the objectives that it does.
 * Networks on tables (rows of one axis, each column scaled by its own deviation) are trained for
 * all of their steps, 1200 to 8000 and more: their loss is a mean over levels, and the lowest ones
 * are learned last.
 *
 *   options  objective, steps, batch, rate, seed, ema, clip, validation, patience, sigma_min,
 *            sigma_max, noise, precision, rescale and others: stein_options_describe("trainer")
 *
 * precision=bf16 rounds the factors of matrix products to bfloat16; sums, weights and losses stay
 * float32. Wide networks then train in about 0.6 of the time on AMD's Zen 5, and in 0.4 to 0.8 of
 * it on an Intel Xeon with AMX (Sapphire Rapids and later). STEIN_UNSUPPORTED on a processor
 * without AVX-512 BF16. The first use on a processor with AMX asks the kernel for AMX's registers,
 * for the whole process: from then on the kernel refuses an alternate signal stack (sigaltstack) of
 * less than about 12 KiB. If it does not grant them, AVX-512 BF16 takes their place, with other
 * last bits (R15).
 *
 * The model may have been trained before, on other rows. It keeps the location and scale of the
 * rows from which it was made. If the new rows lie elsewhere, vary where the old ones did not, or
 * have their classes in other proportions, `warnings` of stein_trainer_describe says so.
 * rescale=true takes location and scale from the new rows, and the covariance too unless the
 * network started as its Gaussian. The weights stay, so the model's distribution moves and
 * stretches with the columns, and the model shows the change at once. It is refused for scale=none,
 * a box or a ball, and for ranks.
 *
 * Example: stein_trainer_new(model, dataset, "steps=2000 rate=0.002 seed=1", &trainer, &error) */
STEIN_API STEIN_CHECK stein_status stein_trainer_new(stein_model *model,
                                                     const stein_dataset *dataset,
                                                     const char *options, stein_trainer **trainer,
                                                     stein_error *error);

/* Trains.
 *
 *   steps     at most so many more steps; 0: as many as the options ask for
 *   finished  gets 1 after the last step or an early stop, else 0; a run of a finished trainer does
 *             nothing. Or NULL
 *
 * STEIN_DIVERGED if the loss becomes infinite or NaN. */
STEIN_API STEIN_CHECK stein_status stein_trainer_run(stein_trainer *trainer, int64_t steps,
                                                     int32_t *finished, stein_monitor *monitor,
                                                     stein_error *error);

/* Saves a checkpoint, and resumes from it: on the same data, training goes on to the same bits.
 * Other data are STEIN_BAD_VALUE. Fewer rows may be one rank's part (stein_trainer_set_allreduce),
 * so they are refused only when a run begins without the other ranks. */
STEIN_API STEIN_CHECK stein_status stein_trainer_save(const stein_trainer *trainer,
                                                      const char *path, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_trainer_resume(const stein_context *context,
                                                        const stein_dataset *dataset,
                                                        const char *path, stein_model **model,
                                                        stein_trainer **trainer,
                                                        stein_error *error);

/* Changes steps, rate, ema, clip or patience between runs. */
STEIN_API STEIN_CHECK stein_status stein_trainer_set(stein_trainer *trainer, const char *options,
                                                     stein_error *error);

/* Called once with the `user` that was given, when what holds it is freed or gets another one, on
 * whatever thread does that. */
typedef void (*stein_release_fn)(void *user);
/* The caller's own noise, for objective=denoising noise_kernel=caller.
 *
 *   x      rows [n, d], in units of u (with scale=none: the data's)
 *   sigma  levels [n]
 *   bits   random bits [n, d], which repeat with the seed
 *   noisy  [n, d], to fill: rows with noise
 *   score  [n, d], to fill: the gradient of log q(noisy | x) in noisy
 *
 * All arrays are in row order. Runs inside stein_trainer_run, on its thread, under the rules of
 * R10. Return 0 to go on; anything else ends the run with STEIN_CALLBACK_FAILED. */
typedef int32_t (*stein_noise_fn)(void *user, int64_t n, int64_t d, const double *sigma,
                                  const double *x, const uint64_t *bits, double *noisy,
                                  double *score);
/* Gives a trainer its noise function. `release` may be NULL; it is called at once if this call
 * fails. A checkpoint does not hold the function: after resume set it again. A run without it is
 * STEIN_BAD_STATE. */
STEIN_API STEIN_CHECK stein_status stein_trainer_set_noise(stein_trainer *trainer,
                                                           stein_noise_fn noise, void *user,
                                                           stein_release_fn release,
                                                           stein_error *error);

/* Adds `count` numbers in place over all ranks: float (bits is 32) or double (64). It must leave
 * the same bits on each rank. MPI_Allreduce does, and so does any engine that adds arrays. Runs
 * inside stein_trainer_set_allreduce and stein_trainer_run, on their thread, under the rules of
 * R10. Return 0 to go on; anything else ends the run with STEIN_CALLBACK_FAILED. */
typedef int32_t (*stein_allreduce_fn)(void *user, void *values, int64_t count, int32_t bits);
/* Makes a trainer one of several ranks (processes or machines), each with a part of the rows. Every
 * rank calls this before its first run.
 *
 *   rank, ranks  its number, 0 <= rank < ranks, and how many there are
 *   release      as for stein_trainer_set_noise
 *
 * All ranks need the same model (rank 0 writes it to bytes, the others read them), the same
 * options, and runs of the same steps. Their parts of the rows may differ in size; rows are
 * numbered rank after rank. Batches are drawn from all ranks' rows, in the same way on each rank.
 * So training is that of one rank with all rows, up to the order of sums in float32, and all ranks
 * end with the same weights.
 *
 * A rank that is cancelled, or whose callback fails, stops the others at the same step: they return
 * STEIN_CANCELLED, or STEIN_CALLBACK_FAILED with its code. One rank writes checkpoints; training
 * resumes from them on any number of ranks that have the same rows in the same order.
 *
 * On a slow network the trainer's option local_steps=k averages weights after every k steps instead
 * of summing each gradient. That is no longer the training of one rank, and between averages each
 * rank shows its own weights. STEIN_UNSUPPORTED for closed forms, deep kernels and the caller's own
 * noise. */
STEIN_API STEIN_CHECK stein_status stein_trainer_set_allreduce(stein_trainer *trainer,
                                                               int32_t rank, int32_t ranks,
                                                               stein_allreduce_fn sum, void *user,
                                                               stein_release_fn release,
                                                               stein_error *error);

/* Describes a trainer as JSON:
 *
 *   options               those in force
 *   step, steps           done, and in all
 *   finished, reason      whether training is over, and why
 *   seconds               that its runs have taken here
 *   seconds_left          null before a hundredth of the steps
 *   ranks, rank
 *   loss, validation      of the last check
 *   best_validation, best_step
 *   levels                sigma and loss of each
 *   validation_joined     whether held-out rows are trained on since the network won on them
 *   conclusion            of score_mlp and energy_mlp at their end. clean_level, and levels: at
 *                         each sigma the loss 1/2 ||sigma s + z||^2 on held-out rows of the
 *                         network, of the Gaussian as which it started, and gain, the factor with
 *                         which the network's part does best. Where the network loses over all
 *                         levels together, its part is multiplied by these factors in the model
 *   closed_form           statistics, estimates, standard_errors
 *   denoising             once the steps are done: sigma, dimension, predicted, error, validation,
 *                         exact; see stein_model_denoise_error
 *   warnings              also of memorized rows, of a lowest level that is too low for data near a
 *                         manifold, and of rows that the model's location and scale do not fit */
STEIN_API STEIN_CHECK stein_status stein_trainer_describe(const stein_trainer *trainer,
                                                          char *buffer, uint64_t capacity,
                                                          uint64_t *needed, stein_error *error);

/* Get numbers ("step", "loss", "validation", "best_validation", "seconds_left",
 * "closed_form.estimates", "levels.loss") or texts ("warnings", "reason") of that description, as
 * for stein_dataset_get_numbers and stein_dataset_get_text.
 *
 * Example: stein_trainer_get_numbers(trainer, "loss", &loss, 1, &needed, &error) */
STEIN_API STEIN_CHECK stein_status stein_trainer_get_numbers(const stein_trainer *trainer,
                                                             const char *name, double *values,
                                                             uint64_t capacity, uint64_t *needed,
                                                             stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_trainer_get_text(const stein_trainer *trainer,
                                                          const char *name, int64_t index,
                                                          char *buffer, uint64_t capacity,
                                                          uint64_t *needed, stein_error *error);
STEIN_API stein_status stein_trainer_free(stein_trainer *trainer);

/* ---- Sampling -------------------------------------------------------------------------------- */

/* Draws rows from a model. Row k depends on seed, first_index + k, its start and its label alone.
 *
 *   start   the state [n, ...] from which the sampler begins, in the data's units, or NULL:
 *           N(mean, covariance + sigma_max^2) of the data
 *   labels  integers [n], or NULL: a model with classes then draws each row's class in the
 *           proportions of the training set; stein_sample_labels tells which
 *   out     [n, ...] float32 or float64. float64 keeps the digits of columns that lie far from 0
 *           for their width (1e8 with a deviation of 1), and sizes that float32 does not have. A
 *           row beyond float32 is STEIN_DIVERGED, a column too narrow for it STEIN_BAD_SHAPE; both
 *           messages say so
 *
 *   sampler=             what it follows                           evaluations  order  its options
 *                                                                  per level
 *   heun                 the probability-flow ODE (Karras et al.   2            2      grid; churn
 *                        2022); the default                                            adds noise
 *   euler                the same by Euler's method                1            1      grid; churn
 *   rk45                 the same with adaptive steps for each     by tolerance 5      grid;
 *                        row (Dormand & Prince)                                        tolerance
 *   dpmpp_2m             the same by DPM-Solver++ (Lu et al. 2022) 1            2      grid; eta=1:
 *                                                                                      its SDE
 *   dpmpp_3m_sde         the reverse SDE from three denoised       1            2      grid; eta=0:
 *                        states                                                        its ODE
 *   ddim                 denoises, then adds noise again (Song et  1            1      grid; eta=1:
 *                        al. 2021)                                                     ancestral
 *   predictor_corrector  the reverse SDE, then Langevin steps      2            1      grid;
 *                        (Song et al. 2021)                                            predictor,
 *                                                                                      process, ...
 *   annealed_langevin    Langevin steps at each level (Song &      steps        -      accept:
 *                        Ermon 2020)                                                   Metropolis
 *   underdamped_langevin Langevin steps with momentum at each      1 or more    -      grid;
 *                        level                                                         step_ratio
 *   langevin             Langevin steps at one level; for models   steps        -      sigma,
 *                        of one level                                                  step_size
 *
 * The order is that of the error in distribution, in the number of levels. Options of the grid:
 * steps, grid=edm | geometric | uniform, rho, levels, sigma_min, sigma_max. Options of all
 * samplers: seed, first_index, precision (as for a trainer), denoise, temperature, guidance of
 * classes (Ho & Salimans 2022), and trajectory=k: out is then [n, k, ...], k states of each row
 * from its start to its end. An option that a sampler does not use is STEIN_BAD_OPTION.
 *
 * Example: stein_sample(model, NULL, NULL, "sampler=dpmpp_3m_sde steps=50 seed=7", &out, NULL,
 *                       &error) */
STEIN_API STEIN_CHECK stein_status stein_sample(const stein_model *model,
                                                const stein_tensor *start,
                                                const stein_tensor *labels, const char *options,
                                                const stein_tensor *out, stein_monitor *monitor,
                                                stein_error *error);

/* Gets the classes that stein_sample, stein_sample_weighted, stein_impute and
 * stein_sample_posterior draw for their rows when labels is NULL.
 *
 *   options  those of the call whose classes are wanted. Only seed and first_index matter: a row's
 *            class depends on seed and first_index + k alone
 *   out      int64 [n]: the label of each row
 *
 * STEIN_UNSUPPORTED for a model without classes. */
STEIN_API STEIN_CHECK stein_status stein_sample_labels(const stein_model *model,
                                                       const char *options,
                                                       const stein_tensor *out,
                                                       stein_error *error);

/* Draws rows with importance weights, from models that have an energy: annealed Langevin steps,
 * each accepted or rejected so that every level's distribution is kept, and weights that correct
 * for levels that were left too early (annealed importance sampling, Neal 2001).
 *
 *   options      those of annealed_langevin
 *   out          [n, ...]: weighted by exp(log_weights), rows of the density p_sigma_min, without a
 *                last denoising step
 *   log_weights  [n]: the mean of exp(log_weights) is the integral of exp(-E) */
STEIN_API STEIN_CHECK stein_status stein_sample_weighted(const stein_model *model,
                                                         const stein_tensor *labels,
                                                         const char *options,
                                                         const stein_tensor *out,
                                                         const stein_tensor *log_weights,
                                                         stein_monitor *monitor,
                                                         stein_error *error);

/* Draws the unknown part of rows, given the known part. Rows are independent: to draw one row
 * several times, give it several times.
 *
 *   x        [n, ...]
 *   known    like x, of any type: not 0 where x is known. NULL: where x is not NaN
 *   labels   as for stein_sample; without them a row's class is drawn whatever is known of the row
 *   out      x with the rest drawn; may be x
 *   options  those of stein_sample, and
 *
 *   method=held         keeps the known part fixed while Langevin steps move the rest, by
 *                       sampler=underdamped_langevin or, at one level, langevin. Draws from the
 *                       model's distribution at the lowest level, blurred by its sigma_min. The
 *                       default, except for family=gaussian and with noise. It is as good as the
 *                       model's score at the lowest levels: where that was learned from few rows,
 *                       draws are too narrow, and a higher sigma_min can make them wider
 *   method=covariance   adds J'A'(A Cov A' + noise^2)^-1 (y - A D(x)) to the score, with D the
 *                       denoised row, J = dD/dx and Cov = sigma^2 J, by conjugate gradients: exact
 *                       for Gaussians (Boys et al. 2023, Rozet et al. 2024). Where a distribution
 *                       bends, its draws are too wide, several times along a thin curve, and more
 *                       steps do not help; sampler=predictor_corrector or ddim with eta=1 is slower
 *                       and more accurate
 *   method=replacement  puts the known part into D: cheaper, and too wide wherever columns depend
 *                       on each other (Song et al. 2021)
 *   method=dps          a step against the distance to the known part, of size `strength` (Chung et
 *                       al. 2023): an approximation whose width depends on strength; with
 *                       sampler=ddim or euler; for many columns
 *   noise               for method=covariance: deviation of the noise in the known part, in units
 *                       of the columns' scale; sigma_min is added
 *
 * Example: stein_impute(model, &x, NULL, NULL, "seed=7", &x, NULL, &error) fills the NaNs of x. */
STEIN_API STEIN_CHECK stein_status stein_impute(const stein_model *model, const stein_tensor *x,
                                                const stein_tensor *known,
                                                const stein_tensor *labels, const char *options,
                                                const stein_tensor *out, stein_monitor *monitor,
                                                stein_error *error);

/* Draws rows given linear measurements y = matrix x + noise: to deblur, inpaint or upsample, or to
 * draw rows whose sums are known.
 *
 *   matrix   [m, d] float32 or float64, for x in the data's units
 *   y        [n, m], in the same units
 *   out      [n, ...]
 *   options  those of stein_impute with method=covariance or dps; noise is in units of y */
STEIN_API STEIN_CHECK stein_status stein_sample_posterior(const stein_model *model,
                                                          const stein_tensor *matrix,
                                                          const stein_tensor *y,
                                                          const stein_tensor *labels,
                                                          const char *options,
                                                          const stein_tensor *out,
                                                          stein_monitor *monitor,
                                                          stein_error *error);

/* Map rows at level sigma_min to standard normal noise and back, along the probability flow (Song
 * et al. 2021). Each is the inverse of the other, up to the tolerance. Nearby rows have nearby
 * noise: interpolate there, or look there for outliers.
 *
 *   x, noise, out  [n, ...]. Constant columns are 0 in noise
 *   labels         integers [n], or NULL: without a class
 *   options        sigma_min, sigma_max, tolerance; decode also takes denoise */
STEIN_API STEIN_CHECK stein_status stein_encode(const stein_model *model, const stein_tensor *x,
                                                const stein_tensor *labels, const char *options,
                                                const stein_tensor *out, stein_monitor *monitor,
                                                stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_decode(const stein_model *model,
                                                const stein_tensor *noise,
                                                const stein_tensor *labels, const char *options,
                                                const stein_tensor *out, stein_monitor *monitor,
                                                stein_error *error);

/* Computes ln p(x) at a noise level, in nats and in the data's units: along the probability flow
 * (Chen et al. 2018, Song et al. 2021), or directly for families that are normalized.
 *
 *   x          [n, ...]. Rows far from the data need more steps
 *   labels     integers [n], or NULL: without a class
 *   options    method, sigma (0: the lowest level trained), sigma_max, tolerance,
 *              trace=exact | hutchinson, probes, seed, first_index,
 *              unit=nats | bits_per_dimension (-log2 p(x) / d)
 *   out        [n]. Evaluation in float32 leaves an error of about 1e-6 d
 *   deviation  [n], or NULL: the error of the estimate, from the spread over probes and the errors
 *              of the steps; 0 for a density that is computed directly
 *
 * STEIN_UNSUPPORTED for models with constant columns, and for models of one level that are not
 * normalized. */
STEIN_API STEIN_CHECK stein_status stein_model_log_likelihood(const stein_model *model,
                                                              const stein_tensor *x,
                                                              const stein_tensor *labels,
                                                              const char *options,
                                                              const stein_tensor *out,
                                                              const stein_tensor *deviation,
                                                              stein_monitor *monitor,
                                                              stein_error *error);

/* ---- Markov chains on a density -------------------------------------------------------------- */

typedef struct stein_density stein_density;
/* The caller's own density. Points of many chains come together.
 *
 *   x            n points [n, d], in row order
 *   log_density  [n], to fill: ln p up to a constant
 *   score        [n, d], to fill: its gradient
 *
 * A value that is not finite rejects a proposal. Runs inside stein_chains_run and
 * stein_density_check, on their thread, under the rules of R10. Return 0 to go on; anything else
 * ends the call with STEIN_CALLBACK_FAILED. */
typedef int32_t (*stein_density_fn)(void *user, int64_t n, int64_t d, const double *x,
                                    double *log_density, double *score);
/* Makes a density on d columns. `release` (or NULL) is called once, when the density and all chains
 * on it are freed; at once if this call fails. */
STEIN_API STEIN_CHECK stein_status stein_density_new(const stein_context *context, int64_t d,
                                                     stein_density_fn function, void *user,
                                                     stein_release_fn release,
                                                     stein_density **density, stein_error *error);
/* Makes the density of a model that has an energy, in the data's units, evaluated in float32.
 *
 *   label  integers [1], or NULL
 *   sigma  the noise level; 0: as for stein_model_energy
 *
 * STEIN_UNSUPPORTED for score networks and for models with constant columns. */
STEIN_API STEIN_CHECK stein_status stein_density_from_model(const stein_model *model,
                                                            const stein_tensor *label,
                                                            double sigma,
                                                            stein_density **density,
                                                            stein_error *error);
/* Compares a density's score with central differences of its log density, coordinate by coordinate.
 *
 *   points   [n, d], or NULL: four points at which chains would start
 *   out      [d, 3]. For each coordinate the largest relative error |s - D| / max(|s|, |D|), from 0
 *            to 2 (2: a wrong sign), and s and D where that is; NaN where no step gave a reliable
 *            difference (a kink, noise), or where both are 0 to the last digits. A correct score in
 *            double precision gives 1e-6 or less, one of a log density in float32 up to 1e-2
 *   places   [d, d], or NULL: for each coordinate the point of that error
 *   monitor  counts points
 *
 * Points where the density is not finite are left out; if all are, STEIN_BAD_VALUE. Takes about 60
 * evaluations for each coordinate and point. */
STEIN_API STEIN_CHECK stein_status stein_density_check(const stein_density *density,
                                                       const stein_tensor *points,
                                                       const stein_tensor *out,
                                                       const stein_tensor *places,
                                                       stein_monitor *monitor, stein_error *error);
STEIN_API stein_status stein_density_free(stein_density *density);

typedef struct stein_chains stein_chains;
/* Makes Markov chains on a density.
 *
 *   options  kernel=nuts (Betancourt 2017) | hmc | mala | langevin (unadjusted) |
 *            underdamped (BAOAB); chains, warmup, step_size, metric, seed and others
 *   start    float64 [chains, d], in the units of the density, or NULL: each chain starts from
 *            N(0, I) or, where the density is not finite there, from one of up to 100 other points
 *            in boxes that grow and shrink around 0
 *
 * Warm-up finds the scales of the coordinates from points and scores. If the starts are in the
 * units of the density, it works equally well in any units. A start where the density is not
 * finite, or no such point, is STEIN_BAD_VALUE at the first run.
 *
 * Example: stein_chains_new(density, "kernel=nuts chains=4 warmup=1000 seed=1", NULL, &chains,
 *                           &error) */
STEIN_API STEIN_CHECK stein_status stein_chains_new(const stein_density *density,
                                                    const char *options,
                                                    const stein_tensor *start,
                                                    stein_chains **chains, stein_error *error);

/* Draws the next n points of each chain. The first run warms up before that.
 *
 *   draws       [chains, n, d], to fill
 *   statistics  [chains, n, 5], to fill, or NULL: log density, acceptance, step size, 1 if
 *               divergent, depth of the tree
 *   monitor     counts draws. A stopped run leaves the first monitor->step draws of every chain
 *               whole; the next run continues after them, to the same bits as one run
 *
 * If no chain moves any more, STEIN_DIVERGED; the message gives a position. */
STEIN_API STEIN_CHECK stein_status stein_chains_run(stein_chains *chains,
                                                    const stein_tensor *draws,
                                                    const stein_tensor *statistics,
                                                    stein_monitor *monitor, stein_error *error);

/* Describes chains as JSON:
 *
 *   options, dimension, transitions, warmed_up
 *   for each chain:
 *     acceptance, step_size, divergences, draws, deepest_tree
 *     not_finite       points where the density was not finite
 *     saturated_trees  that reached max_tree_depth before they turned back
 *     ebfmi            (Betancourt 2016) null before 100 transitions
 *   rhat      the largest of the last run of 100 draws or more per chain
 *   warnings  sentences that say what is wrong with the draws and what to do: a gradient that is
 *             not that of the log density (each of the first 1,000 chains looks along a random
 *             direction where it starts), transitions that diverged, saturated trees, an E-BFMI
 *             below 0.3, an R-hat above 1.01 */
STEIN_API STEIN_CHECK stein_status stein_chains_describe(const stein_chains *chains, char *buffer,
                                                         uint64_t capacity, uint64_t *needed,
                                                         stein_error *error);

/* Get numbers ("step_size", "acceptance", "divergences", "rhat", "ebfmi") or texts ("warnings",
 * "kernel") of that description, as for stein_dataset_get_numbers and stein_dataset_get_text. For
 * means take the draws; for effective sample sizes and R-hat of each column stein_rhat and
 * stein_effective_sample_size. */
STEIN_API STEIN_CHECK stein_status stein_chains_get_numbers(const stein_chains *chains,
                                                            const char *name, double *values,
                                                            uint64_t capacity, uint64_t *needed,
                                                            stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_chains_get_text(const stein_chains *chains,
                                                         const char *name, int64_t index,
                                                         char *buffer, uint64_t capacity,
                                                         uint64_t *needed, stein_error *error);

/* Gets the covariance that each chain assumes for the density: out [chains, d], or with
 * metric=dense [chains, d, d]. */
STEIN_API STEIN_CHECK stein_status stein_chains_metric(const stein_chains *chains,
                                                       const stein_tensor *out,
                                                       stein_error *error);
/* Sets that covariance: one for all chains, [d] or [d, d], or one for each, in the shape that
 * stein_chains_metric gives. Warm-up starts from it; without warm-up or after it, the chains
 * continue with it. With metric=identity STEIN_BAD_STATE. */
STEIN_API STEIN_CHECK stein_status stein_chains_set_metric(stein_chains *chains,
                                                           const stein_tensor *metric,
                                                           stein_error *error);

/* Saves the state, metrics, step sizes and counters of chains between two runs, and resumes from
 * that file: on the same density they go on to the same bits as if they had never stopped. The file
 * does not contain the density. One of another dimension is STEIN_BAD_VALUE at once, one with other
 * values where the chains are at the next run. */
STEIN_API STEIN_CHECK stein_status stein_chains_save(const stein_chains *chains, const char *path,
                                                     stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_chains_resume(const stein_density *density,
                                                       const char *path, stein_chains **chains,
                                                       stein_error *error);
STEIN_API stein_status stein_chains_free(stein_chains *chains);

/* Judge draws of chains, column by column (Vehtari et al. 2021).
 *
 *   rhat:                   the larger of the rank-normalized split R-hat and its folded form.
 *                           Below 1.01 the chains agree
 *   effective_sample_size:  how many independent draws are worth as much.
 *                           options: kind=bulk | tail | mean
 *
 *   draws  [chains, n, d], with n of 4 or more
 *   out    [d]; NaN for a column in which a draw is not finite */
STEIN_API STEIN_CHECK stein_status stein_rhat(const stein_context *context,
                                              const stein_tensor *draws, const stein_tensor *out,
                                              stein_monitor *monitor, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_effective_sample_size(const stein_context *context,
                                                               const stein_tensor *draws,
                                                               const char *options,
                                                               const stein_tensor *out,
                                                               stein_monitor *monitor,
                                                               stein_error *error);

/* ---- Diagnostics: samples against densities and against each other --------------------------- */

/* Measures how far rows are from a density of which only the score is known: the squared kernel
 * Stein discrepancy (Gorham & Mackey 2017).
 *
 *   out = E u(x, x'),   k = f(r),   r = ||x - x'||^2,
 *   u = s.s' f(r) + 2 f'(r) (s' - s).(x - x') - 2 d f'(r) - 4 f"(r) r
 *
 *   x        [n, d], or [chains, n, d] for draws of chains; 2 rows or more
 *   scores   of x's shape: the density's grad log p at each row
 *   options  kernel=imq | gaussian, length, exponent, scale, statistic=u | v, bootstraps,
 *            change_probability, seed
 *   out      statistic=u: over pairs of different rows, so that its mean is 0 for rows from the
 *            density and it may be negative; statistic=v: over all pairs. Without units: each
 *            column is divided by its scale, and its score multiplied by it
 *   p_value  or NULL: for the hypothesis that the rows are from the density, by a wild bootstrap
 *            whose signs persist as long as the draws are correlated (Chwialkowski et al. 2016)
 *
 * Time grows with n^2 (d + bootstraps), memory with n (d + bootstraps / 32). Correlated draws carry
 * little evidence: give some hundred times their autocorrelation time. The discrepancy sees what a
 * score sees: if modes that are far apart have wrong weights, it notices little or nothing. */
STEIN_API STEIN_CHECK stein_status
stein_kernel_stein_discrepancy(const stein_context *context, const stein_tensor *x,
                               const stein_tensor *scores, const char *options, double *out,
                               double *p_value, stein_monitor *monitor, stein_error *error);

/* Compares a model's score s with the true score s* of a density: E 1/2 ||s(x) - s*(x)||^2, the
 * mean over rows, which should be from that density.
 *
 *   x, labels, sigma  as for stein_model_score, which gives s. With sigma above 0, `scores` are
 *                     those of the density with that noise; this also tames tails and steep walls,
 *                     where few rows dominate both means
 *   scores            of x's shape: s*
 *   out               in squared units of the score, 1/x^2, summed over columns. Columns that did
 *                     not vary in training have no score and are left out
 *   relative          or NULL: E ||s - s*||^2 / E ||s*||^2, which is 0 for s = s* and 1 for s = 0.
 *                     STEIN_BAD_VALUE if all scores are 0 */
STEIN_API STEIN_CHECK stein_status stein_fisher_divergence(const stein_model *model,
                                                           const stein_tensor *x,
                                                           const stein_tensor *labels,
                                                           const stein_tensor *scores,
                                                           double sigma, double *out,
                                                           double *relative,
                                                           stein_monitor *monitor,
                                                           stein_error *error);

/* Measures the sliced Wasserstein distance between two samples, in the data's units unless scaled.
 *
 *   out = (E over directions v of the integral of |A(t) - B(t)|^p over t in (0, 1))^(1/p)
 *   A, B the quantile functions of v.a and v.b
 *
 *   a, b     [m, ...] and [n, ...], rows of the same length; 2 or more of each
 *   options  order (p)=1 | 2, projections, scale, seed
 *
 * The integral is exact for any m and n; directions are uniform on the sphere. */
STEIN_API STEIN_CHECK stein_status stein_sliced_wasserstein(const stein_context *context,
                                                            const stein_tensor *a,
                                                            const stein_tensor *b,
                                                            const char *options, double *out,
                                                            stein_monitor *monitor,
                                                            stein_error *error);

/* Measures the squared maximum mean discrepancy between two samples (Gretton et al. 2012):
 *
 *   out = E k(a, a') + E k(b, b') - 2 E k(a, b)
 *
 *   a, b     as for stein_sliced_wasserstein
 *   options  kernel=gaussian | imq, length, exponent, scale, permutations, seed
 *   out      unbiased and without units: for two samples of one distribution its mean is 0, and it
 *            is negative about half the time
 *   p_value  or NULL: for the hypothesis that both are from one distribution, by permuting which
 *            row is in which sample; the rows must be independent
 *
 * Time grows with (m + n)^2 (d + permutations). */
STEIN_API STEIN_CHECK stein_status
stein_maximum_mean_discrepancy(const stein_context *context, const stein_tensor *a,
                               const stein_tensor *b, const char *options, double *out,
                               double *p_value, stein_monitor *monitor, stein_error *error);

/* ---- Helpers for C, header only -------------------------------------------------------------- */

/* stein_error error = STEIN_ERROR_INIT; */
#define STEIN_ERROR_INIT {sizeof(stein_error), 0, 0, 0, "", ""}

/* stein_monitor monitor = STEIN_MONITOR_INIT; */
#define STEIN_MONITOR_INIT {sizeof(stein_monitor), 0, 0, 0, 0, 0, 0, NULL, NULL}

/* Makes a tensor over memory in row order; `shape` must outlive it.
 *
 * Example: int64_t shape[] = {100, 13};
 *          stein_tensor out = stein_float32(samples, 2, shape); */
static inline stein_tensor stein_view(void *data, uint8_t code, uint8_t bits, int32_t ndim,
                                      int64_t *shape) {
  stein_tensor tensor;
  tensor.data = data;
  tensor.device.device_type = 1;
  tensor.device.device_id = 0;
  tensor.ndim = ndim;
  tensor.dtype.code = code;
  tensor.dtype.bits = bits;
  tensor.dtype.lanes = 1;
  tensor.shape = shape;
  tensor.strides = NULL;
  tensor.byte_offset = 0;
  return tensor;
}
static inline stein_tensor stein_float32(float *data, int32_t ndim, int64_t *shape) {
  return stein_view(data, 2, 32, ndim, shape);
}
static inline stein_tensor stein_float64(double *data, int32_t ndim, int64_t *shape) {
  return stein_view(data, 2, 64, ndim, shape);
}
static inline stein_tensor stein_int64(int64_t *data, int32_t ndim, int64_t *shape) {
  return stein_view(data, 0, 64, ndim, shape);
}

#ifdef __cplusplus
}
#endif
#endif /* STEIN_H */
