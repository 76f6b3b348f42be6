/* stein.h: train score models by score matching, and draw samples from them.
 *
 * A score model learns s(x) = grad_x log p(x), the gradient of the log density, from rows of data. The usual road:
 *
 *     stein_context_new -> stein_dataset_open -> stein_model_new -> stein_trainer_new -> stein_trainer_run -> stein_sample
 *
 * bindings/c/examples/quickstart.c is that road as a program.
 *
 * Rules. Each has a number; tests cite it; a rule without a test is a defect.
 *  R1  Every fallible function returns a stein_status; STEIN_OK is 0.
 *  R2  `error` is the last parameter (of all but *_free), may be NULL, and belongs to the caller, who sets struct_size. It is filled whenever the
 *      status is not STEIN_OK, and left alone otherwise. There is no global or per-thread error: goroutines and green threads move between threads.
 *  R3  With a 1xx status nothing is written (sole exception: `needed`, R8). With a later one handles and numbers are untouched, and a tensor output
 *      holds its first monitor->step whole rows; the rest of it is unspecified. Inputs are never written; an output may be exactly an input, and may
 *      overlap one in no other way, nor itself (STEIN_BAD_SHAPE).
 *  R4  Handles are tokens, never addresses. A NULL, destroyed, foreign or invented handle is STEIN_BAD_HANDLE.
 *  R5  Calls through a const handle share the object; a call through a non-const one has it alone. Whichever comes second gets STEIN_BUSY at once.
 *      A trainer trains weights of its own. The model shows new ones (the EMA's) when a run returns, whatever its status; calls begun before keep
 *      theirs. So a model may be sampled while it is trained. A model has one trainer: a second is STEIN_BAD_STATE.
 *  R6  *_free accepts NULL, comes in any order (what was made from an object keeps what it needs of it), and is safe while another thread is inside
 *      a call on the object: that call runs to its end. It takes no error.
 *  R7  Memory passed in is borrowed for the call.
 *  R8  Text and bytes go out into the caller's buffer (buffer, capacity, needed). `needed` is always written and counts the NUL of text; too small a
 *      capacity, 0 with a NULL buffer included, is STEIN_BUFFER_TOO_SMALL. No function returns memory to be freed; a const char * returned is constant.
 *  R9  Text comes in as UTF-8 ending in NUL.
 *  R10 A progress callback runs inside a call that uses its monitor, a noise function inside stein_trainer_run, an allreduce there and where it is set,
 *      a density function inside stein_chains_run and stein_density_check; on that call's thread, in the host's floating-point mode, and a call never runs two at once. Allocator callbacks may run on any thread at any time. A callback returns: no exception, no longjmp. Inside one of
 *      them a call that takes a monitor is STEIN_BUSY. `user` may be NULL and is handed back as it came.
 *  R11 The library writes nothing to stdout or stderr, installs no signal handler, changes no locale, directory, environment or floating-point mode.
 *  R12 Fixed-width integers, float, double, char and pointers are the only types that cross; structs only behind pointers. 64-bit processes only.
 *      A call needs up to 256 KiB of its thread's stack, beside what callbacks take.
 *  R13 A struct begins with struct_size, set by the caller to its sizeof; it only grows at its end (stein_tensor excepted: it is DLPack's DLTensor).
 *  R14 From 1.0 on each declaration names the version it became stable in, and a stable one never changes. Until then the CHANGELOG names every change.
 *  R15 On one kind of processor, one version of the library gives the same bits for the same inputs, options, seed and callback results, whatever the
 *      number of threads, the batch a row was drawn in, the pieces a run was cut into, the caller's floating-point mode and language. The seed is 0
 *      unless given.
 *  R16 Options are text, "key=value key=value", lists with commas: "widths=256,256 activation=silu". An unknown key, a bad value or a key given
 *      twice is STEIN_BAD_OPTION; the error names the key and says what is allowed, or which key was probably meant. NULL or "" takes every default.
 *      A value or list item with a space, comma, quote or = is quoted: label="fixed acidity", with \" and \\ inside. Numbers have a point in any
 *      locale. stein_options_describe lists every key.
 *  R17 Every call whose time grows with its data takes a monitor, and looks at it at least every 50 ms between callbacks. (Making and opening data
 *      sets, describing, saving, loading and drawing labels are one pass over their bytes and take none.)
 *  R18 After fork the child may use every object that no other thread was using; those are STEIN_BUSY there, and can be freed.
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
#define STEIN_VERSION_MINOR 1
#define STEIN_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version, status, errors --------------------------------------------------------------------------------------------------- */

typedef int32_t stein_status;
enum {
  STEIN_OK = 0,
  /* 1xx: the call is wrong */
  STEIN_BAD_POINTER = 101, /* a NULL where memory is needed, or a struct whose struct_size is too small */
  STEIN_BAD_HANDLE = 102,  /* not a living object of the kind asked for */
  STEIN_BAD_VALUE = 103,   /* a number or text outside its range */
  STEIN_BAD_SHAPE = 104,   /* a tensor's shape, strides, dtype or device do not fit, or outputs overlap */
  STEIN_BAD_OPTION = 105,
  STEIN_BAD_STATE = 106, /* right call, wrong time: an untrained model sampled, a second trainer */
  STEIN_BUSY = 107,      /* another call has the object */
  STEIN_BUFFER_TOO_SMALL = 108,
  STEIN_NOT_FINITE = 109, /* NaN or infinity in what was given */
  /* 2xx: the machine or a file refuses */
  STEIN_OUT_OF_MEMORY = 201, /* of the machine, of the allocator or of memory_limit */
  STEIN_IO = 202,            /* reading or writing failed; the message has the system's reason */
  STEIN_BAD_FILE = 203,      /* the file is not what its name or header says */
  STEIN_NO_FILE = 204,
  STEIN_UNSUPPORTED = 205, /* not on this processor, or not for this family; the message names what is. Below x86-64-v3 (AVX2, FMA, BMI and the like)
                              every call with an error ends so, and nothing but stein_version, stein_status_name and *_free works */
  /* 3xx: the caller asked to stop */
  STEIN_CANCELLED = 301,
  STEIN_DEADLINE = 302,
  STEIN_CALLBACK_FAILED = 303,
  /* 4xx: the mathematics failed */
  STEIN_DIVERGED = 401, /* training or sampling left the finite numbers; the last good state is kept, the message says at which step and level */
  /* 5xx: a defect of this library */
  STEIN_INTERNAL = 501
};

typedef struct stein_error {
  uint32_t struct_size;
  stein_status status;
  int32_t parameter;     /* 1-based index of the offending parameter; 0 if none */
  int32_t callback_code; /* what a callback returned, with STEIN_CALLBACK_FAILED */
  char option[64];       /* the offending option; "" if none */
  char message[432];     /* one sentence, UTF-8: "out has 3 columns, the model has 11" */
} stein_error;

/* "0.1.0" */
STEIN_API const char *stein_version(void);

/* "STEIN_BAD_SHAPE" for 104; "unknown" for a number that is no status. */
STEIN_API const char *stein_status_name(stein_status status);

/* What the option strings of one kind may hold, as JSON: an array of {name, type, default, minimum, maximum, choices, meaning, since}.
 * kind: "context", "dataset", "model", "graph", "trainer", "sampler", "impute" (of stein_sample_posterior too), "encode", "decode", "log_likelihood",
 * "loss", "denoising", "chains", "effective_sample_size", "kernel_stein_discrepancy", "sliced_wasserstein", "maximum_mean_discrepancy" or
 * "import_weights". Another is STEIN_BAD_VALUE. */
STEIN_API STEIN_CHECK stein_status stein_options_describe(const char *kind, char *buffer, uint64_t capacity, uint64_t *needed, stein_error *error);

/* ---- Tensors: DLPack's DLTensor, bit for bit, a view of memory that the caller owns ------------------------------------------------ */

typedef struct stein_device {
  int32_t device_type, device_id; /* {1, 0}: the CPU, the only one accepted */
} stein_device;
typedef struct stein_dtype {
  uint8_t code, bits; /* {2, 32, 1}: float32; {2, 64, 1}: float64; {0, 8..64, 1}: integers, {1, 8..64, 1}: unsigned ones, for labels */
  uint16_t lanes;
} stein_dtype;
typedef struct stein_tensor {
  void *data; /* aligned to its elements; may be NULL only if a length is 0 */
  stein_device device;
  int32_t ndim; /* 1 to 5 */
  stein_dtype dtype;
  int64_t *shape;   /* the first length is the number of rows, n */
  int64_t *strides; /* in elements, any sign; NULL means row-major. Column-major is as welcome */
  uint64_t byte_offset;
} stein_tensor;

/* ---- Watching and stopping --------------------------------------------------------------------------------------------------------- */

typedef struct stein_monitor stein_monitor;
/* 0 goes on, 1 does as cancel does, anything else is STEIN_CALLBACK_FAILED. Called at most every 20 ms. */
typedef int32_t (*stein_progress_fn)(void *user, const stein_monitor *monitor);
/* The caller's, zeroed but for struct_size. While a call runs any thread or signal handler may read it and write cancel: fields are whole, their order
 * is not promised. A call begins by resetting step to validation, and never clears cancel. Stopped calls return STEIN_CANCELLED or STEIN_DEADLINE and
 * keep what R3 and R5 say. */
struct stein_monitor {
  uint32_t struct_size;
  volatile int32_t cancel;          /* the host writes 1 */
  volatile int64_t step, steps;     /* the library writes: training steps, or rows; steps is 0 while unknown */
  volatile double loss, validation; /* NaN before the first */
  int64_t deadline_ns;              /* CLOCK_MONOTONIC; 0: none */
  stein_progress_fn progress;       /* or NULL */
  void *user;
};

/* ---- Contexts: workers and memory. Everything else is made in one ------------------------------------------------------------------- */

typedef struct stein_context stein_context;
/* The caller's memory. allocate returns NULL when there is none; alignment is a power of two, at most 4096. Called from any thread. */
typedef struct stein_allocator {
  uint32_t struct_size, reserved;
  void *user;
  void *(*allocate)(void *user, uint64_t size, uint64_t alignment);
  void (*deallocate)(void *user, void *memory, uint64_t size, uint64_t alignment);
} stein_allocator;

/* options: threads (0: as many as the process may use processors, by affinity and by the quota of its control groups, rounded up), memory_limit in
 * bytes (0: none), trace, a file for the time of every step that runs, in Chrome's trace format. allocator: NULL for the library's own.
 * Everything that grows with data or models comes from the allocator and counts against the limit. */
STEIN_API STEIN_CHECK stein_status stein_context_new(const char *options, const stein_allocator *allocator, stein_context **context,
                                                     stein_error *error);

/* The file of trace=FILE is an array in JSON of events {"name", "cat", "ph": "X", "ts", "dur", "pid", "tid", "args"}, times in microseconds, which
 * chrome://tracing and ui.perfetto.dev show: "training step" and "optimizer" (cat "call"); the steps of the programs that a model or an objective was
 * made into, for a shard of rows ("shard") or when the weights changed ("once"), with args step, size and bytes. What has run is in the file, which is
 * whole JSON at any time: also after a run that was cancelled, and where the process ends without freeing the context. It ends at 1 GiB. An event is
 * written when its shard is done, so that the time between shards is longer than without a trace. A file that is there is begun anew; one that can't
 * be opened, or to which another context writes, fails stein_context_new. A write that fails ends the trace and never a call: this function is
 * STEIN_IO then, with the system's reason, and STEIN_OK as long as nothing is missing. */
STEIN_API STEIN_CHECK stein_status stein_context_check_trace(const stein_context *context, stein_error *error);
STEIN_API stein_status stein_context_free(stein_context *context);

/* ---- Data sets ----------------------------------------------------------------------------------------------------------------------- */

typedef struct stein_dataset stein_dataset;

/* Copies rows [n, d], or of up to 4 axes each, float32 or float64, any strides; score_unet reads [n, height, width, channels].
 * labels: integers [n], one class a row, or NULL: for score_mlp, score_unet and energy_mlp, which learn each class's density; models of other families
 * are made with classes=ignore. A NaN or infinity is STEIN_NOT_FINITE, and the message gives its row and column.
 * options: names, the columns' names. */
STEIN_API STEIN_CHECK stein_status stein_dataset_new(const stein_context *context, const stein_tensor *rows, const stein_tensor *labels,
                                                     const char *options, stein_dataset **dataset, stein_error *error);

/* Reads rows from a file: .npy (versions 1 to 3, real numbers and integers, both byte orders, both array orders) or numeric .csv (header found by
 * itself, separator among , ; tab | and space, quoted fields). A missing or unreadable value is STEIN_BAD_FILE with its line and column.
 * options: format, separator, header, label (the column that holds the class: its name, or its number from 0; negative from the end),
 * columns (those to keep, in order). */
STEIN_API STEIN_CHECK stein_status stein_dataset_open(const stein_context *context, const char *path, const char *options, stein_dataset **dataset,
                                                      stein_error *error);

/* Writes a tensor of any type and strides as a .npy file, row-major, whole or not at all; stein_dataset_open and NumPy read it. */
STEIN_API STEIN_CHECK stein_status stein_tensor_save(const stein_context *context, const stein_tensor *tensor, const char *path, stein_error *error);

/* The stream of the Arrow C stream interface, which Arrow, pandas, polars and DuckDB offer; their headers define it. */
struct ArrowArrayStream;
/* Copies a table from a stream of record batches: columns of integers and floats of every width, booleans as 0 and 1, and dictionaries as the place of
 * each value in theirs, which is one for all batches; with validity bitmaps, offsets and any number of batches. The stream is the library's from the
 * call on: it is released before the call returns, whatever the status. A missing value is STEIN_BAD_VALUE with its row and column; a column of another
 * type STEIN_UNSUPPORTED, unless columns leaves it out; a producer that fails STEIN_CALLBACK_FAILED with its own words.
 * options: label and columns as for stein_dataset_open, names. */
STEIN_API STEIN_CHECK stein_status stein_dataset_move_arrow(const stein_context *context, struct ArrowArrayStream *moved_stream, const char *options,
                                                            stein_dataset **dataset, stein_error *error);

/* JSON: shape, names, mean, deviation, minimum, maximum, constant_columns, classes with their counts. */
STEIN_API STEIN_CHECK stein_status stein_dataset_describe(const stein_dataset *dataset, char *buffer, uint64_t capacity, uint64_t *needed,
                                                          stein_error *error);

/* shape: room for 5. */
STEIN_API STEIN_CHECK stein_status stein_dataset_shape(const stein_dataset *dataset, int32_t *ndim, int64_t *shape, stein_error *error);
STEIN_API stein_status stein_dataset_free(stein_dataset *dataset);

/* ---- Models -------------------------------------------------------------------------------------------------------------------------- */

typedef struct stein_model stein_model;

/* A family of densities over the rows of a data set, which gives shape, classes, location and scale; training gives the parameters.
 *
 *   family=                    log density                                             its options, beside scale, domain and seed
 *   score_mlp                  none: a network gives the score itself                  widths, activation, residual, embedding, dropout,
 *                                                                                      noise_conditional, parameterization, preconditioning
 *   score_unet                 none: the same by convolutions, for pictures, signals   widths, blocks, spatial_axes, activation, embedding,
 *                                                                                      noise_conditional, parameterization
 *   energy_mlp                 -E of a network                                         as score_mlp, without parameterization
 *   gaussian                   N(mean, covariance)                                     covariance, rank
 *   mixture                    of Gaussians                                            components, covariance, rank
 *   exponential                theta . T(u), polynomials or a pairwise graphical model statistics, degree, exponents
 *   kernel_exponential         sum of kernels at points (Sutherland et al. 2018)       points
 *   deep_kernel_exponential    the same over learnt features (Wenliang et al. 2019)    points, kernels, widths
 *   nice                       flow of additive couplings (Dinh et al. 2015)           couplings, widths, activation
 *   autoregressive             product of conditional mixtures                         conditional, components, widths, activation
 *
 * score_unet (Ronneberger et al. 2015; Ho et al. 2020, without attention) takes rows that lie on a grid: signals, from data sets [n, length] or, with
 * spatial_axes=1, [n, length, channels]; pictures, [n, height, width] or [n, height, width, channels]. Channels come last; the strides of a
 * stein_tensor read others. A picture of 28 by 28 takes 10 to 15 ms of one core's time a training step, and 4 to 5 ms each time its score is evaluated.
 *
 * score_mlp and energy_mlp begin as the Gaussian with the data's covariance, shrunk where rows are few (Ledoit & Wolf 2020): along each of its axes
 * the network's input and output are scaled by that axis's variance, as Karras et al. (2022) do by one for all. What it learns is what is not
 * Gaussian in the data. preconditioning=isotropic begins as N(mean, sigma_data^2), as weights from elsewhere want it; it is
 * what scale=common takes.
 *
 * scale=columns (each column's own deviation; tables), common (one for all; pictures and signals: the default from 3 axes on and of score_unet) or
 * none.
 * Inside the library a row is u = (x - mean) / scale; constant columns are left out there and restored in what comes back.
 * Parameters are those of u. With scale=none u is x; with domain=positive u = x / scale.
 * domain=positive | box | ball: the density lives there alone; lower, upper, centre and radius are in the data's units. */
STEIN_API STEIN_CHECK stein_status stein_model_new(const stein_context *context, const stein_dataset *dataset, const char *options,
                                                   stein_model **model, stein_error *error);

/* The caller's own model. A graph is written for one row: x has shape [d], an energy is one number, a score [d]; the library runs it over rows, and
 * derives from it whatever an objective needs, to third order.
 *
 *   x (columns)  sigma, the noise level: a graph that uses it is one density for each level  parameter (name, shape, start)  constant (value)
 *   identity (size)
 *   negate exp log tanh sigmoid softplus silu sqrt reciprocal sin cos abs sign relu step square power (exponent)
 *   add subtract multiply divide maximum minimum greater    lengths must be equal or 1, from the last axis on
 *   select (a where the condition is not 0, else b)  matmul (as NumPy's, vectors too)  dot  squared_norm    both along the last axis
 *   convolution transposed_convolution (stride, padding)    a picture [height, width, channels], a signal with height 1, under a kernel [height, width,
 *   channels, filters]; the transposed one takes [height, width, filters]
 *   sum mean max log_sum_exp (axes, keep_axes)  broadcast reshape (shape)  transpose (axes)  slice (starts, sizes)  concatenate (axis)
 *   gather (indices)  inverse  log_determinant    of the last two axes
 *
 * stein_options_describe("graph") says what the options in brackets hold. What depends on x has at most 3 axes, all else 4; a graph has at most 4,096
 * nodes, and its constants and starts 2^20 numbers together. A parameter's name is 1 to 128 of A-Z, a-z, 0-9, _, . and -. What the output does not
 * need is left out of the model. An energy with a kink in x (abs, relu, maximum, select, ...) is refused by exact and sliced. */
typedef struct stein_graph stein_graph;
STEIN_API STEIN_CHECK stein_status stein_graph_new(const stein_context *context, stein_graph **graph, stein_error *error);

/* Appends an operation on `count` nodes, and writes its number into node. value: of a constant, or of a parameter's start, float32 or float64 with 1
 * to 4 axes; else NULL. What does not fit is STEIN_BAD_SHAPE, and the message names the operation and the shapes: "matmul of [3] and [4, 2]: ...". */
STEIN_API STEIN_CHECK stein_status stein_graph_node(stein_graph *graph, const char *operation, const int32_t *inputs, int32_t count,
                                                    const char *options, const stein_tensor *value, int32_t *node, stein_error *error);

/* The shape of a node's value for one row; shape: room for 5. One number has no axis. */
STEIN_API STEIN_CHECK stein_status stein_graph_shape(const stein_graph *graph, int32_t node, int32_t *ndim, int64_t *shape, stein_error *error);

/* A graph as text, for people. node: what is described, with all that it needs; -1: the whole graph.
 *   format="text"     a line for each node, "%3 = sum(%2, axes=0) [4]": its number, its operation, its shape
 *          "dot"      a drawing in the language of Graphviz
 *          "formula"  one node in Python's notation, "(x[0] - a) ** 2 / 2"; "…" stands for what makes it longer than 120 characters */
STEIN_API STEIN_CHECK stein_status stein_graph_describe(const stein_graph *graph, int32_t node, const char *format, char *buffer, uint64_t capacity,
                                                        uint64_t *needed, stein_error *error);
STEIN_API stein_status stein_graph_free(stein_graph *graph);

/* options: output=energy (p proportional to exp(-node)) | log_density | score; scale (none unless given: u is x), domain, seed, ... as for
 * stein_model_new. The graph may be freed after; a saved model carries it. */
STEIN_API STEIN_CHECK stein_status stein_model_from_graph(const stein_graph *graph, int32_t node, const stein_dataset *dataset, const char *options,
                                                          stein_model **model, stein_error *error);

/* safetensors files, with the description as JSON in their metadata under "stein". Saving replaces a file whole or not at all. */
STEIN_API STEIN_CHECK stein_status stein_model_load(const stein_context *context, const char *path, stein_model **model, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_save(const stein_model *model, const char *path, stein_error *error);

/* The same bytes, to and from memory. */
STEIN_API STEIN_CHECK stein_status stein_model_write(const stein_model *model, void *buffer, uint64_t capacity, uint64_t *needed, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_read(const stein_context *context, const void *bytes, uint64_t size, stein_model **model,
                                                    stein_error *error);

/* Takes the weights of a plain network that was trained elsewhere from a safetensors file of float32, for score_mlp and energy_mlp with residual=false
 * and preconditioning=isotropic.
 * Layers are taken in the order of their names: NAME.weight [out, in] as PyTorch has it or NAME.kernel [in, out] as Flax, and NAME.bias; of an energy
 * the last bias is left out. The first layer takes u/sqrt(sigma^2 + sigma_data^2) in units of the model (stein_model_describe), then what tells the
 * noise: with embedding=log ln(sigma/sigma_data)/4; then one number a class. Of a model of one level it takes u alone. The model counts as trained, and
 * is used as any other.
 * options: sigma_min, sigma_max, the levels that the network was trained for, prefix, unconditional. */
STEIN_API STEIN_CHECK stein_status stein_model_import_weights(stein_model *model, const char *path, const char *options, stein_error *error);

/* Writes the model as ONNX (operator set 17, IR 8), for other runtimes: inputs x [n, ...] in the data's units and sigma [n], above 0, both float32, with
 * classes also label, int64 [n], of which what is no class counts as none; outputs score [n, ...], grad log p_sigma, and, of models trained with
 * Gaussian noise, denoised [n, ...]. STEIN_UNSUPPORTED where the model has an operation that ONNX has not (inverses of matrices). Rows are standardised in
 * float32 there: where a column's mean is many times its deviation, take the mean off first. */
STEIN_API STEIN_CHECK stein_status stein_model_export_onnx(const stein_model *model, const char *path, stein_error *error);

/* JSON: family and its options (structure, domain), shape, dtype (float32 or float64, as the rows came that it was made of), mean and scale [d],
 * sigma_min and sigma_max trained, sigma_data, resolution (the finest scale at which the rows were seen to have a density, in widths of their
 * Gaussian; 0: none), clean_level, noise_kernel, classes,
 * parameters (name and shape of each), statistics of an exponential family, trained, warnings (shapes that are probably not meant, as channels that
 * come first: a sentence each with what to give instead). */
STEIN_API STEIN_CHECK stein_status stein_model_describe(const stein_model *model, char *buffer, uint64_t capacity, uint64_t *needed,
                                                        stein_error *error);

/* shape: room for 5; shape[0] is 1. */
STEIN_API STEIN_CHECK stein_status stein_model_shape(const stein_model *model, int32_t *ndim, int64_t *shape, stein_error *error);

/* A parameter by name (stein_model_describe lists them): its shape, and its values in out. A NULL out asks for the shape alone; ndim and shape may be
 * NULL. */
STEIN_API STEIN_CHECK stein_status stein_model_parameter(const stein_model *model, const char *name, int32_t *ndim, int64_t *shape,
                                                         const stein_tensor *out, stein_error *error);
STEIN_API stein_status stein_model_free(stein_model *model);

/* x, out: [n, ...] like the model, float32 or float64, in the data's units. labels: integers [n], or NULL: without a class
 * (a model with classes then wants to have been trained with label_dropout).
 * sigma: x is the data plus noise whose deviation in column j is sigma * scale[j] (stein_model_describe gives scale).
 * 0: for denoise and denoise_covariance the lowest level trained; for score, energy and jacobian, and where stein_density_from_model and
 * stein_fisher_divergence take 0, the level at which the score of the data themselves is known best. High levels blur it, and low ones multiply
 * what a network has wrong. It is found at the end of training of score_mlp and energy_mlp (clean_level in describe; null: the lowest): of the
 * levels up to half the data's deviation the one of the least E[1/2 ||s||^2 + tr grad s], Hyvarinen's loss (2005), on rows held out, or else on
 * rows of training.
 * Another sigma outside the range trained is STEIN_BAD_VALUE.
 *   score:   s(x) = grad log p_sigma(x)
 *   denoise: E[clean | x] = x + sigma^2 scale^2 s(x)  (Tweedie; Robbins 1956, Efron 2011)
 *            STEIN_UNSUPPORTED after training with another noise_kernel than gaussian
 *   energy:  E(x) with p_sigma proportional to exp(-E), up to a constant that depends on sigma and label; -ln p_sigma(x) in nats for
 *            gaussian, mixture, nice and autoregressive; STEIN_UNSUPPORTED for score_mlp and score_unet */
STEIN_API STEIN_CHECK stein_status stein_model_score(const stein_model *model, const stein_tensor *x, const stein_tensor *labels, double sigma,
                                                     const stein_tensor *out, stein_monitor *monitor, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_denoise(const stein_model *model, const stein_tensor *x, const stein_tensor *labels, double sigma,
                                                       const stein_tensor *out, stein_monitor *monitor, stein_error *error);
/* out: [n] */
STEIN_API STEIN_CHECK stein_status stein_model_energy(const stein_model *model, const stein_tensor *x, const stein_tensor *labels, double sigma,
                                                      const stein_tensor *out, stein_monitor *monitor, stein_error *error);

/* out: [n, d, d], d the model's columns.
 *   jacobian:            out[r][i][j] = d s_j / d x_i. Symmetric for energies; of a score network ||J - J'|| / ||J|| says how far it is from a
 *                        gradient field
 *   denoise_covariance:  Cov[clean | x] = S sigma^2 (I + sigma^2 grad s_u) S, S = diag(scale), made symmetric. Eigenvalues over
 *                        sigma^2 scale^2 go to 1 along the manifold that the data lie near, and to 0 across */
STEIN_API STEIN_CHECK stein_status stein_model_jacobian(const stein_model *model, const stein_tensor *x, const stein_tensor *labels, double sigma,
                                                        const stein_tensor *out, stein_monitor *monitor, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_denoise_covariance(const stein_model *model, const stein_tensor *x, const stein_tensor *labels,
                                                                  double sigma, const stein_tensor *out, stein_monitor *monitor,
                                                                  stein_error *error);

/* How well noise is taken away at levels sigmas [k], float32 or float64. out: [k, 3], squared errors in units of u, summed over dimensions, means
 * over rows and draws:
 *   0: sigma^2 D - sigma^4 E||s||^2, the least there can be, by the model's own score; over sigma^2 it is the dimension of the data seen at that scale
 *   1: E||D(noisy) - clean||^2, on these rows
 *   2: the same for the exact denoiser of these rows, a softmax over them. A model that reaches it knows the rows by heart
 * options: draws, reference, seed. */
STEIN_API STEIN_CHECK stein_status stein_model_denoise_error(const stein_model *model, const stein_dataset *dataset, const stein_tensor *sigmas,
                                                             const char *options, const stein_tensor *out, stein_monitor *monitor,
                                                             stein_error *error);

/* An objective's mean value on the rows of a data set, in units of u, summed over dimensions; the draws repeat with the seed.
 * options: objective, draws (noise draws a row), sigma, projections, projection_law, seed, ... The data set needs the model's shape, and its
 * labels if the model has classes. losses: the same for each row, out [n]. */
STEIN_API STEIN_CHECK stein_status stein_model_loss(const stein_model *model, const stein_dataset *dataset, const char *options, double *out,
                                                    stein_monitor *monitor, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_model_losses(const stein_model *model, const stein_dataset *dataset, const char *options,
                                                      const stein_tensor *out, stein_monitor *monitor, stein_error *error);

/* ---- Training ------------------------------------------------------------------------------------------------------------------------- */

typedef struct stein_trainer stein_trainer;

/* objective=        loss of a row, s at u = row + noise                                            for
 *   denoising         1/2 ||sigma s - sigma grad log q||^2 (Vincent 2011), many levels or one         all; noise_kernel, schedule, weighting
 *   exact             tr grad s + 1/2 ||s||^2 (Hyvarinen 2005); weighted on domains (2007)            all; cost grows with d
 *   sliced            v'(grad s)v + 1/2 (v's)^2 (Song et al. 2019); projections, projection_law       all; cost as the network's
 *   sliced_vr         v'(grad s)v + 1/2 ||s||^2: less variance                                        the same
 *   finite_difference sliced, by evaluations alone (Pang et al. 2020)                                 all but domains and deep kernels
 *   maximum_likelihood -ln p, to compare with                                                         mixture, nice, autoregressive
 *   closed_form       the minimiser at once; standard errors by Godambe's sandwich                    gaussian, exponential, kernel_exponential
 * Models of many noise levels take each at all of them. Networks on tables (rows of one axis, columns scaled each by its own) are trained to
 * the end of their steps, 1200 to 8000 and more: their loss is a mean over levels, of which the lowest are learnt last.
 * Another objective for a family is STEIN_UNSUPPORTED, with the reason and those there are.
 * Also steps, batch, rate, seed, ema, clip, validation, patience, sigma_min, sigma_max, noise, ...: stein_options_describe("trainer").
 * precision=bf16 rounds the factors of matrix products to bfloat16, with sums, weights and losses in float32: wide networks train in about 0.6 of
 * the time on AMD's Zen 5, and in 0.4 to 0.8 of it on an Intel Xeon with AMX (Sapphire Rapids and later). The first use there asks the kernel for
 * AMX's registers, for the whole process: from then on it refuses an alternate signal stack (sigaltstack) of less than about 12 KiB; where it does
 * not give them, AVX-512 BF16 takes their place, with other last bits (R15). STEIN_UNSUPPORTED on a processor without AVX-512 BF16.
 * The model may be one that was trained before, on other rows. It keeps the location and scale of the rows that it was made of; where these rows
 * lie elsewhere, or vary where those did not, or have their classes in other proportions, `warnings` of stein_trainer_describe says so.
 * rescale=true takes location and scale from these rows, and the covariance too where the network did not begin as its Gaussian: the weights stay, so
 * that the law that the model has moves and stretches with the columns, and the model shows the change at once. It is refused for scale=none, a box or a ball, and for ranks. */
STEIN_API STEIN_CHECK stein_status stein_trainer_new(stein_model *model, const stein_dataset *dataset, const char *options, stein_trainer **trainer,
                                                     stein_error *error);

/* At most `steps` more steps (0: as many as the options ask for). finished (or NULL): 1 at their end or at early stop, and then a run does nothing. */
STEIN_API STEIN_CHECK stein_status stein_trainer_run(stein_trainer *trainer, int64_t steps, int32_t *finished, stein_monitor *monitor,
                                                     stein_error *error);

/* A checkpoint: resumed on the same data, training goes on to the same bits. Other data are STEIN_BAD_VALUE; fewer rows may be one rank's part (see
 * stein_trainer_set_allreduce), so that only a run without the others is refused. */
STEIN_API STEIN_CHECK stein_status stein_trainer_save(const stein_trainer *trainer, const char *path, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_trainer_resume(const stein_context *context, const stein_dataset *dataset, const char *path,
                                                        stein_model **model, stein_trainer **trainer, stein_error *error);

/* Changes steps, rate, ema, clip or patience of a trainer between runs. */
STEIN_API STEIN_CHECK stein_status stein_trainer_set(stein_trainer *trainer, const char *options, stein_error *error);

/* Called with the `user` that was given, once, when what holds it is freed or given another: on whatever thread does that. */
typedef void (*stein_release_fn)(void *user);
/* Noise of the caller's own, for objective=denoising noise_kernel=caller. From rows x [n, d], levels sigma [n] and random bits [n, d], which repeat
 * with the seed, makes noisy [n, d] and score [n, d], the gradient of log q(noisy | x) in noisy; all in row order and units of u (scale=none: the
 * data's). Runs inside stein_trainer_run, on its thread, under the rules of R10. 0 goes on; anything else ends the run with
 * STEIN_CALLBACK_FAILED. */
typedef int32_t (*stein_noise_fn)(void *user, int64_t n, int64_t d, const double *sigma, const double *x, const uint64_t *bits, double *noisy,
                                  double *score);
/* release may be NULL; it is called at once if the call fails. A checkpoint does not hold the function: after resume it is set again, and a run
 * without it is STEIN_BAD_STATE. */
STEIN_API STEIN_CHECK stein_status stein_trainer_set_noise(stein_trainer *trainer, stein_noise_fn noise, void *user, stein_release_fn release,
                                                           stein_error *error);

/* Training over several ranks (processes or machines), each with a part of the rows: `sum` adds `count` numbers, float (bits 32) or double (64), in
 * place over all ranks, and must leave the same bits on each; MPI_Allreduce does, and any engine that can add arrays serves. Runs inside this
 * function and inside stein_trainer_run, on their thread, under the rules of R10; 0 goes on, anything else ends the run with
 * STEIN_CALLBACK_FAILED. */
typedef int32_t (*stein_allreduce_fn)(void *user, void *values, int64_t count, int32_t bits);
/* Called by every rank before its first run, with its number, 0 <= rank < ranks. All ranks need the same model (rank 0 writes it to bytes, the others
 * read them), the same options, and runs of the same steps; their parts of the rows may differ in size. Batches are of all ranks' rows, drawn alike on
 * each, so training is that of one rank with all rows, up to the order of sums in float32, and all ranks end with the same weights. Rows are numbered
 * rank after rank. A rank that is cancelled, or whose callback fails, stops the others at the same step: STEIN_CANCELLED there, or
 * STEIN_CALLBACK_FAILED with its code. One rank writes checkpoints; resumed, training goes on with any number of ranks that have the same rows in
 * the same order. On a slow network the trainer's option local_steps=k averages weights after every k steps instead of summing each gradient: no
 * longer that of one rank, and between averages each rank shows its own. STEIN_UNSUPPORTED for closed forms, deep kernels and noise of the caller's. release: as for stein_trainer_set_noise. */
STEIN_API STEIN_CHECK stein_status stein_trainer_set_allreduce(stein_trainer *trainer, int32_t rank, int32_t ranks, stein_allreduce_fn sum, void *user,
                                                               stein_release_fn release, stein_error *error);

/* JSON: options in force, step, steps, finished and why, seconds that its runs took here and seconds_left (null before a hundredth of the steps),
 * ranks and rank, loss, validation, best_validation, best_step, levels (sigma and loss of each);
 * conclusion of score_mlp and energy_mlp at their end: clean_level, and levels, on rows held out at each sigma the loss 1/2 ||sigma s + z||^2 of the
 * network, of the Gaussian that it began as, and gain, by which the network's part does best (where over all levels together the network loses,
 * its part is multiplied by these in the model); validation_joined, whether rows held out are trained on since the network won on them;
 * closed_form (statistics, estimates, standard_errors) after one; denoising, once the steps are done (sigma, dimension, predicted, error, validation, exact: see
 * stein_model_denoise_error); warnings, also of memorised rows, of a level that is too low for data near a manifold and of rows that the model's
 * location and scale do not fit. */
STEIN_API STEIN_CHECK stein_status stein_trainer_describe(const stein_trainer *trainer, char *buffer, uint64_t capacity, uint64_t *needed,
                                                          stein_error *error);
STEIN_API stein_status stein_trainer_free(stein_trainer *trainer);

/* ---- Sampling -------------------------------------------------------------------------------------------------------------------------- */

/* Fills out [n, ...] with rows drawn from the model. Row k depends on seed, first_index + k, its start and its label alone.
 * start: the state [n, ...] that the sampler begins from, in the data's units, or NULL for N(mean, covariance + sigma_max^2) of the data. labels:
 * integers [n], or NULL: a model with classes then draws each row's class in the training set's proportions; stein_sample_labels says which.
 * out may be float32 or float64; float64 has the digits of columns that lie far from 0 for their width, 1e8 and a deviation of 1, and of sizes that
 * float32 has not. A row beyond float32 is STEIN_DIVERGED, a column too narrow for it STEIN_BAD_SHAPE; both say so.
 *
 *   sampler=             follows                                                       evaluations a level   order   its options
 *   heun                 the probability-flow ODE (Karras et al. 2022), the default    2                     2       grid; churn: noise added
 *   euler                the same by Euler's method                                    1                     1       grid; churn
 *   rk45                 the same, each row in steps of its own (Dormand & Prince)     by tolerance          5       grid; tolerance
 *   dpmpp_2m             the same by DPM-Solver++ (Lu et al. 2022)                     1                     2       grid; eta=1: its SDE
 *   dpmpp_3m_sde         the reverse SDE by three denoised states                      1                     2       grid; eta=0: its ODE
 *   ddim                 denoised, then noised again (Song et al. 2021)                1                     1       grid; eta=1: ancestral
 *   predictor_corrector  the reverse SDE, then Langevin steps (Song et al. 2021)       2                     1       grid; predictor, process, ...
 *   annealed_langevin    Langevin steps at each level (Song & Ermon 2020)              steps                 -       accept: Metropolis
 *   underdamped_langevin Langevin steps with momentum at each level                    1 or more             -       grid; step_ratio
 *   langevin             Langevin steps at one level; for models of one level          steps                 -       sigma, step_size
 *
 * Orders are of the error in law, in the number of levels. Options of the grid: steps, grid=edm | geometric | uniform, rho, levels, sigma_min,
 * sigma_max. Of all samplers: seed, first_index, precision (as of a trainer), denoise, temperature, guidance of classes (Ho & Salimans 2022), and
 * trajectory=k: out is then [n, k, ...], k states of each row from its start to its end. An option that a sampler has no use for is STEIN_BAD_OPTION. */
STEIN_API STEIN_CHECK stein_status stein_sample(const stein_model *model, const stein_tensor *start, const stein_tensor *labels, const char *options,
                                                const stein_tensor *out, stein_monitor *monitor, stein_error *error);

/* The classes that rows are drawn of where labels is NULL, by stein_sample, stein_sample_weighted, stein_impute and stein_sample_posterior alike: out,
 * int64 [n], gets each row's label. A row's class depends on seed and first_index + k alone, so the same options give the classes of the rows that
 * they draw; the other options may be there and change nothing. STEIN_UNSUPPORTED for a model without classes. */
STEIN_API STEIN_CHECK stein_status stein_sample_labels(const stein_model *model, const char *options, const stein_tensor *out, stein_error *error);

/* Rows with their importance, for models with an energy: annealed Langevin steps, each accepted or rejected so that every level's law is kept, and
 * weights that make up for levels that were left too early (annealed importance sampling, Neal 2001). out [n, ...] with exp(log_weights), [n], is
 * of the density p_sigma_min without a last step; the mean of exp(log_weights) is the integral of exp(-E). options: those of annealed_langevin. */
STEIN_API STEIN_CHECK stein_status stein_sample_weighted(const stein_model *model, const stein_tensor *labels, const char *options,
                                                         const stein_tensor *out, const stein_tensor *log_weights, stein_monitor *monitor,
                                                         stein_error *error);

/* Draws what is not known of rows x [n, ...], given what is. known: like x, of any type, not 0 where x is known; NULL: where x is not NaN. out: x with
 * the rest drawn; may be x. labels: as for stein_sample, so that without them a row's class is drawn whatever is known of it. Rows are independent, so
 * several draws of one row are as many rows. options: those of stein_sample, and
 *   method=held         what is known stands still, and Langevin steps move the rest, by sampler=underdamped_langevin or, at one level, langevin: draws
 *                       from the model's law at the lowest level, smeared by its sigma_min. The default, but for family=gaussian and with noise.
 *                       It is as good as the model's score at the lowest levels: where that is learnt of few rows draws are too narrow, and a
 *                       higher sigma_min makes them wider
 *   method=covariance   adds J'A'(A Cov A' + noise^2)^-1 (y - A D(x)) to the score, D the denoised row, J = dD/dx, Cov = sigma^2 J, by conjugate
 *                       gradients: exact for Gaussians (Boys et al. 2023, Rozet et al. 2024). Where a law bends its draws are too wide, several times
 *                       along a thin curve, and more steps do not help; sampler=predictor_corrector or ddim with eta=1 is slower and less wrong
 *   method=replacement  puts what is known into D: cheaper, and too wide wherever columns depend on each other (Song et al. 2021)
 *   method=dps          a step against the distance to what is known, by strength (Chung et al. 2023), an approximation whose width depends on
 *                       strength; sampler=ddim or euler; for many columns
 *   noise               of method=covariance: deviation of the noise in what is known, in units of the columns' scale; sigma_min is added */
STEIN_API STEIN_CHECK stein_status stein_impute(const stein_model *model, const stein_tensor *x, const stein_tensor *known, const stein_tensor *labels,
                                                const char *options, const stein_tensor *out, stein_monitor *monitor, stein_error *error);

/* Draws rows x [n, ...] given y = matrix x + noise: matrix [m, d] of float32 or float64, y [n, m], both in the data's units. options: those of
 * stein_impute with method=covariance or dps; noise in units of y. To deblur, inpaint, upsample, or to draw rows of which sums are known. */
STEIN_API STEIN_CHECK stein_status stein_sample_posterior(const stein_model *model, const stein_tensor *matrix, const stein_tensor *y,
                                                          const stein_tensor *labels, const char *options, const stein_tensor *out,
                                                          stein_monitor *monitor, stein_error *error);

/* The probability-flow map between rows at level sigma_min and standard normals, both [n, ...]; each is the inverse of the other up to tolerance
 * (Song et al. 2021). Nearby rows have nearby noise: interpolate there, and look for outliers. Constant columns are 0 in noise. labels: integers [n],
 * or NULL: without a class. options: sigma_min, sigma_max, tolerance; decode: denoise. */
STEIN_API STEIN_CHECK stein_status stein_encode(const stein_model *model, const stein_tensor *x, const stein_tensor *labels, const char *options,
                                                const stein_tensor *out, stein_monitor *monitor, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_decode(const stein_model *model, const stein_tensor *noise, const stein_tensor *labels, const char *options,
                                                const stein_tensor *out, stein_monitor *monitor, stein_error *error);

/* ln p(x) of rows x [n, ...] at noise level sigma (0: the lowest trained), in nats and in the data's units, into out [n]: along the probability flow
 * (Chen et al. 2018, Song et al. 2021), or at once for families that are normalised. deviation: [n], or NULL: of the estimate, from the spread over
 * probes and the errors of the steps; 0 for a density at once. Rows far from the data need the more steps; evaluation in float32 leaves about
 * 1e-6 d. labels: integers [n], or NULL: without a class. STEIN_UNSUPPORTED with constant columns, and for models of one level that are not
 * normalised.
 * options: method, sigma, sigma_max, tolerance, trace=exact | hutchinson, probes, seed, first_index, unit=nats | bits_per_dimension, which is
 * -log2 p(x)/d. */
STEIN_API STEIN_CHECK stein_status stein_model_log_likelihood(const stein_model *model, const stein_tensor *x, const stein_tensor *labels,
                                                              const char *options, const stein_tensor *out, const stein_tensor *deviation,
                                                              stein_monitor *monitor, stein_error *error);

/* ---- Markov chains on a density ---------------------------------------------------------------------------------------------------------- */

typedef struct stein_density stein_density;
/* For n points x [n, d] fills log_density [n], up to a constant, and score [n, d], its gradient, in row order. Points of many chains come together.
 * What is not finite rejects a proposal. Runs inside stein_chains_run and stein_density_check, on their thread, under the rules of R10. 0 goes on;
 * anything else ends the call with STEIN_CALLBACK_FAILED. */
typedef int32_t (*stein_density_fn)(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score);
/* release (or NULL) is called once, when the density and all chains on it are freed; at once if the call fails. */
STEIN_API STEIN_CHECK stein_status stein_density_new(const stein_context *context, int64_t d, stein_density_fn function, void *user,
                                                     stein_release_fn release, stein_density **density, stein_error *error);
/* The density of a model that has an energy, with noise of sigma (0: as for stein_model_energy), in the data's units, evaluated in float32.
 * label: integers [1], or NULL. STEIN_UNSUPPORTED for score networks and for models with constant columns. */
STEIN_API STEIN_CHECK stein_status stein_density_from_model(const stein_model *model, const stein_tensor *label, double sigma,
                                                            stein_density **density, stein_error *error);
/* Holds a density's score against central differences of its log density, coordinate by coordinate, at points [n, d], or, with NULL, at four places as
 * chains begin at. out: [d, 3]: for each coordinate the largest relative error |s - D| / max(|s|, |D|), from 0 to 2 (2: a wrong sign), and where that
 * is, s and D; NaN where no step gave a difference to be trusted (a kink, noise), or both are 0 to the last digits. A right score in double gives 1e-6
 * and less, one of a log density in float32 some 1e-2 and less. places: [d, d], or NULL: for each coordinate the point of that error. Points where the
 * density is not finite are left out; if all are, STEIN_BAD_VALUE. Some 60 evaluations a coordinate and point. monitor counts points. */
STEIN_API STEIN_CHECK stein_status stein_density_check(const stein_density *density, const stein_tensor *points, const stein_tensor *out,
                                                       const stein_tensor *places, stein_monitor *monitor, stein_error *error);
STEIN_API stein_status stein_density_free(stein_density *density);

typedef struct stein_chains stein_chains;
/* kernel=nuts (Betancourt 2017) | hmc | mala | langevin (unadjusted) | underdamped (BAOAB); chains, warmup, step_size, metric, seed, ... start: float64
 * [chains, d], or NULL: each from N(0, I), or, where the density is not finite, from up to 100 other places in boxes that grow and shrink around 0. A
 * start where it is not finite, and no such place, are found by the first run: STEIN_BAD_VALUE.
 * Warm-up finds the coordinates' scales from places and scores: starts in the units of the density make it as good in any units. */
STEIN_API STEIN_CHECK stein_status stein_chains_new(const stein_density *density, const char *options, const stein_tensor *start,
                                                    stein_chains **chains, stein_error *error);

/* draws: [chains, n, d], the next n draws of each chain; the first run warms up before them. statistics: [chains, n, 5], or NULL: log density,
 * acceptance, step size, 1 if divergent, depth of the tree. monitor counts draws: a stopped run leaves the first monitor->step draws of every chain
 * whole, and the next run goes on after them, to the same bits as a run in one piece. No chain moving any more is STEIN_DIVERGED, with a
 * position. */
STEIN_API STEIN_CHECK stein_status stein_chains_run(stein_chains *chains, const stein_tensor *draws, const stein_tensor *statistics,
                                                    stein_monitor *monitor, stein_error *error);

/* JSON: options, dimension, transitions, warmed_up; by chain acceptance, step_size, divergences, not_finite (places where the density was not),
 * deepest_tree, saturated_trees (that were at max_tree_depth before they turned back), ebfmi (Betancourt 2016; null before 100 transitions), draws;
 * rhat, the largest of the last run of 100 draws or more a chain; warnings, an array of sentences that say what is wrong with the draws and what to do:
 * a gradient that is not the log density's (each of the first 1,000 chains looks along a random direction where it begins), transitions that diverged,
 * saturated trees, an E-BFMI below 0.3, an R-hat above 1.01. */
STEIN_API STEIN_CHECK stein_status stein_chains_describe(const stein_chains *chains, char *buffer, uint64_t capacity, uint64_t *needed,
                                                         stein_error *error);

/* The covariance that each chain takes the density to have: out [chains, d], or with metric=dense [chains, d, d]. */
STEIN_API STEIN_CHECK stein_status stein_chains_metric(const stein_chains *chains, const stein_tensor *out, stein_error *error);
/* Gives one for all chains, [d] or [d, d], or one for each, as stein_chains_metric gives them: what warm-up begins with, or, without one or after it,
 * what the chains go on with. With metric=identity STEIN_BAD_STATE. */
STEIN_API STEIN_CHECK stein_status stein_chains_set_metric(stein_chains *chains, const stein_tensor *metric, stein_error *error);

/* A file of the chains' state, metrics, step sizes and counters, at any time between runs. Resumed on the same density they go on to the same bits as if
 * they had never stopped. The density itself is not kept: one of another dimension is STEIN_BAD_VALUE at once, one that has other values where the
 * chains are at the next run. */
STEIN_API STEIN_CHECK stein_status stein_chains_save(const stein_chains *chains, const char *path, stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_chains_resume(const stein_density *density, const char *path, stein_chains **chains, stein_error *error);
STEIN_API stein_status stein_chains_free(stein_chains *chains);

/* draws: [chains, n, d], n of 4 or more; out: [d], NaN where a draw is not finite. Vehtari et al. (2021).
 *   rhat:                   the larger of the rank-normalised split R-hat and its folded form; below 1.01 chains agree
 *   effective_sample_size:  options: kind=bulk | tail | mean */
STEIN_API STEIN_CHECK stein_status stein_rhat(const stein_context *context, const stein_tensor *draws, const stein_tensor *out, stein_monitor *monitor,
                                              stein_error *error);
STEIN_API STEIN_CHECK stein_status stein_effective_sample_size(const stein_context *context, const stein_tensor *draws, const char *options,
                                                               const stein_tensor *out, stein_monitor *monitor, stein_error *error);

/* ---- Diagnostics: samples against densities and against each other ----------------------------------------------------------------------- */

/* How far rows are from a density that is known by its score alone. x: [n, d], or [chains, n, d] for draws of chains, 2 rows or more; scores: the
 * density's grad log p at each row, of the same shape.
 *
 *   out = E u(x, x'),   u = s.s' f(r) + 2 f'(r) (s' - s).(x - x') - 2 d f'(r) - 4 f"(r) r,   k = f(r), r = ||x - x'||^2
 *
 * It is the squared discrepancy (Gorham & Mackey 2017): over pairs of different rows, so that it is 0 in the mean for rows from the density and may be
 * negative, or with statistic=v over all pairs. Without units: each column is divided by its scale, and its score multiplied.
 * p_value, or NULL: of the hypothesis that the rows are from the density, by a wild bootstrap whose signs keep as long as the draws remember
 * (Chwialkowski et al. 2016). Time grows with n^2 (d + bootstraps), memory with n (d + bootstraps / 32).
 * Draws that remember each other give little evidence: some hundred times their autocorrelation time are wanted.
 * It sees what a score sees: that modes far apart have wrong shares it sees hardly or not at all.
 * options: kernel=imq | gaussian, length, exponent, scale, statistic=u | v, bootstraps, change_probability, seed. */
STEIN_API STEIN_CHECK stein_status stein_kernel_stein_discrepancy(const stein_context *context, const stein_tensor *x, const stein_tensor *scores,
                                                                  const char *options, double *out, double *p_value, stein_monitor *monitor,
                                                                  stein_error *error);

/* out: E 1/2 ||s(x) - s*(x)||^2 of a model's score s, as stein_model_score gives it for x, labels and sigma, and the density's own, scores, of x's
 * shape; the mean over rows, which should be from that density. In squared units of the score, 1/x^2, summed over columns.
 * relative, or NULL: E ||s - s*||^2 / E ||s*||^2, 0 for the score itself and 1 for s = 0; scores of 0 throughout are STEIN_BAD_VALUE.
 * Columns that did not vary in training have no score and are left out. With sigma above 0 the scores to give are those of the density with that
 * noise: this also tames tails and steep walls, where few rows rule both means. */
STEIN_API STEIN_CHECK stein_status stein_fisher_divergence(const stein_model *model, const stein_tensor *x, const stein_tensor *labels,
                                                           const stein_tensor *scores, double sigma, double *out, double *relative,
                                                           stein_monitor *monitor, stein_error *error);

/* a: [m, ...], b: [n, ...], rows of the same length, 2 or more of each.
 *
 *   out = (E over directions v of the integral of |A(t) - B(t)|^p over t in (0, 1))^(1/p),   A, B the quantile functions of v.a and v.b
 *
 * The integral is exact, for any m and n; directions are uniform on the sphere. In the data's units unless scaled.
 * options: order (p)=1 | 2, projections, scale, seed. */
STEIN_API STEIN_CHECK stein_status stein_sliced_wasserstein(const stein_context *context, const stein_tensor *a, const stein_tensor *b,
                                                            const char *options, double *out, stein_monitor *monitor, stein_error *error);

/* out: MMD^2 = E k(a, a') + E k(b, b') - 2 E k(a, b), unbiased: 0 in the mean for samples of one law, and then negative about half the time. a and b
 * as above; no units. p_value, or NULL: of the hypothesis that both are from one law, by permuting which row is of which sample; it wants independent
 * rows (Gretton et al. 2012). Time grows with (m + n)^2 (d + permutations).
 * options: kernel=gaussian | imq, length, exponent, scale, permutations, seed. */
STEIN_API STEIN_CHECK stein_status stein_maximum_mean_discrepancy(const stein_context *context, const stein_tensor *a, const stein_tensor *b,
                                                                  const char *options, double *out, double *p_value, stein_monitor *monitor,
                                                                  stein_error *error);

/* ---- Helpers for C, header only: a tensor over memory in row order; shape must outlive it ------------------------------------------------ */

static inline stein_tensor stein_view(void *data, uint8_t code, uint8_t bits, int32_t ndim, int64_t *shape) {
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
static inline stein_tensor stein_float32(float *data, int32_t ndim, int64_t *shape) { return stein_view(data, 2, 32, ndim, shape); }
static inline stein_tensor stein_float64(double *data, int32_t ndim, int64_t *shape) { return stein_view(data, 2, 64, ndim, shape); }
static inline stein_tensor stein_int64(int64_t *data, int32_t ndim, int64_t *shape) { return stein_view(data, 0, 64, ndim, shape); }

#ifdef __cplusplus
}
#endif
#endif /* STEIN_H */
