// swift-format-ignore-file
// Generated from include/stein.h by bindings/generate.py; do not edit.

/// How a value travels.
enum CKind: Sendable {
  case pointer
  case int32
  case int64
  case uint64
  case double
}

struct CParameter: Sendable {
  let name: String
  let type: String
  let kind: CKind
}

struct CSignature: Sendable {
  let name: String
  let result: CKind
  let parameters: [CParameter]
}

let signatures: [CSignature] = [
  CSignature(name: "stein_version", result: .pointer, parameters: [
  ]),
  CSignature(name: "stein_status_name", result: .pointer, parameters: [
    CParameter(name: "status", type: "stein_status", kind: .int32),
  ]),
  CSignature(name: "stein_options_describe", result: .int32, parameters: [
    CParameter(name: "kind", type: "const char *", kind: .pointer),
    CParameter(name: "buffer", type: "char *", kind: .pointer),
    CParameter(name: "capacity", type: "uint64_t", kind: .uint64),
    CParameter(name: "needed", type: "uint64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_context_new", result: .int32, parameters: [
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "allocator", type: "const stein_allocator *", kind: .pointer),
    CParameter(name: "context", type: "stein_context **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_context_free", result: .int32, parameters: [
    CParameter(name: "context", type: "stein_context *", kind: .pointer),
  ]),
  CSignature(name: "stein_dataset_new", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "rows", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "labels", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "dataset", type: "stein_dataset **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_dataset_open", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "path", type: "const char *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "dataset", type: "stein_dataset **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_dataset_describe", result: .int32, parameters: [
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "buffer", type: "char *", kind: .pointer),
    CParameter(name: "capacity", type: "uint64_t", kind: .uint64),
    CParameter(name: "needed", type: "uint64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_dataset_shape", result: .int32, parameters: [
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "ndim", type: "int32_t *", kind: .pointer),
    CParameter(name: "shape", type: "int64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_dataset_free", result: .int32, parameters: [
    CParameter(name: "dataset", type: "stein_dataset *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_new", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "model", type: "stein_model **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_graph_new", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "graph", type: "stein_graph **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_graph_node", result: .int32, parameters: [
    CParameter(name: "graph", type: "stein_graph *", kind: .pointer),
    CParameter(name: "operation", type: "const char *", kind: .pointer),
    CParameter(name: "inputs", type: "const int32_t *", kind: .pointer),
    CParameter(name: "count", type: "int32_t", kind: .int32),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "value", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "node", type: "int32_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_graph_shape", result: .int32, parameters: [
    CParameter(name: "graph", type: "const stein_graph *", kind: .pointer),
    CParameter(name: "node", type: "int32_t", kind: .int32),
    CParameter(name: "ndim", type: "int32_t *", kind: .pointer),
    CParameter(name: "shape", type: "int64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_graph_free", result: .int32, parameters: [
    CParameter(name: "graph", type: "stein_graph *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_from_graph", result: .int32, parameters: [
    CParameter(name: "graph", type: "const stein_graph *", kind: .pointer),
    CParameter(name: "node", type: "int32_t", kind: .int32),
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "model", type: "stein_model **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_load", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "path", type: "const char *", kind: .pointer),
    CParameter(name: "model", type: "stein_model **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_save", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "path", type: "const char *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_write", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "buffer", type: "void *", kind: .pointer),
    CParameter(name: "capacity", type: "uint64_t", kind: .uint64),
    CParameter(name: "needed", type: "uint64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_read", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "bytes", type: "const void *", kind: .pointer),
    CParameter(name: "size", type: "uint64_t", kind: .uint64),
    CParameter(name: "model", type: "stein_model **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_describe", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "buffer", type: "char *", kind: .pointer),
    CParameter(name: "capacity", type: "uint64_t", kind: .uint64),
    CParameter(name: "needed", type: "uint64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_shape", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "ndim", type: "int32_t *", kind: .pointer),
    CParameter(name: "shape", type: "int64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_parameter", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "name", type: "const char *", kind: .pointer),
    CParameter(name: "ndim", type: "int32_t *", kind: .pointer),
    CParameter(name: "shape", type: "int64_t *", kind: .pointer),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_free", result: .int32, parameters: [
    CParameter(name: "model", type: "stein_model *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_score", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "x", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "labels", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "sigma", type: "double", kind: .double),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_denoise", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "x", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "labels", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "sigma", type: "double", kind: .double),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_energy", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "x", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "labels", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "sigma", type: "double", kind: .double),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_jacobian", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "x", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "labels", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "sigma", type: "double", kind: .double),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_denoise_covariance", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "x", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "labels", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "sigma", type: "double", kind: .double),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_denoise_error", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "sigmas", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_loss", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "out", type: "double *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_model_losses", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_trainer_new", result: .int32, parameters: [
    CParameter(name: "model", type: "stein_model *", kind: .pointer),
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "trainer", type: "stein_trainer **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_trainer_run", result: .int32, parameters: [
    CParameter(name: "trainer", type: "stein_trainer *", kind: .pointer),
    CParameter(name: "steps", type: "int64_t", kind: .int64),
    CParameter(name: "finished", type: "int32_t *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_trainer_save", result: .int32, parameters: [
    CParameter(name: "trainer", type: "const stein_trainer *", kind: .pointer),
    CParameter(name: "path", type: "const char *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_trainer_resume", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "dataset", type: "const stein_dataset *", kind: .pointer),
    CParameter(name: "path", type: "const char *", kind: .pointer),
    CParameter(name: "model", type: "stein_model **", kind: .pointer),
    CParameter(name: "trainer", type: "stein_trainer **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_trainer_set", result: .int32, parameters: [
    CParameter(name: "trainer", type: "stein_trainer *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_trainer_set_noise", result: .int32, parameters: [
    CParameter(name: "trainer", type: "stein_trainer *", kind: .pointer),
    CParameter(name: "noise", type: "stein_noise_fn", kind: .pointer),
    CParameter(name: "user", type: "void *", kind: .pointer),
    CParameter(name: "release", type: "stein_release_fn", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_trainer_describe", result: .int32, parameters: [
    CParameter(name: "trainer", type: "const stein_trainer *", kind: .pointer),
    CParameter(name: "buffer", type: "char *", kind: .pointer),
    CParameter(name: "capacity", type: "uint64_t", kind: .uint64),
    CParameter(name: "needed", type: "uint64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_trainer_free", result: .int32, parameters: [
    CParameter(name: "trainer", type: "stein_trainer *", kind: .pointer),
  ]),
  CSignature(name: "stein_sample", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "start", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "labels", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_density_new", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "d", type: "int64_t", kind: .int64),
    CParameter(name: "function", type: "stein_density_fn", kind: .pointer),
    CParameter(name: "user", type: "void *", kind: .pointer),
    CParameter(name: "release", type: "stein_release_fn", kind: .pointer),
    CParameter(name: "density", type: "stein_density **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_density_from_model", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "label", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "sigma", type: "double", kind: .double),
    CParameter(name: "density", type: "stein_density **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_density_free", result: .int32, parameters: [
    CParameter(name: "density", type: "stein_density *", kind: .pointer),
  ]),
  CSignature(name: "stein_chains_new", result: .int32, parameters: [
    CParameter(name: "density", type: "const stein_density *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "start", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "chains", type: "stein_chains **", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_chains_run", result: .int32, parameters: [
    CParameter(name: "chains", type: "stein_chains *", kind: .pointer),
    CParameter(name: "draws", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "statistics", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_chains_describe", result: .int32, parameters: [
    CParameter(name: "chains", type: "const stein_chains *", kind: .pointer),
    CParameter(name: "buffer", type: "char *", kind: .pointer),
    CParameter(name: "capacity", type: "uint64_t", kind: .uint64),
    CParameter(name: "needed", type: "uint64_t *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_chains_free", result: .int32, parameters: [
    CParameter(name: "chains", type: "stein_chains *", kind: .pointer),
  ]),
  CSignature(name: "stein_rhat", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "draws", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_effective_sample_size", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "draws", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "out", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_kernel_stein_discrepancy", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "x", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "scores", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "out", type: "double *", kind: .pointer),
    CParameter(name: "p_value", type: "double *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_fisher_divergence", result: .int32, parameters: [
    CParameter(name: "model", type: "const stein_model *", kind: .pointer),
    CParameter(name: "x", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "labels", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "scores", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "sigma", type: "double", kind: .double),
    CParameter(name: "out", type: "double *", kind: .pointer),
    CParameter(name: "relative", type: "double *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_sliced_wasserstein", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "a", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "b", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "out", type: "double *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
  CSignature(name: "stein_maximum_mean_discrepancy", result: .int32, parameters: [
    CParameter(name: "context", type: "const stein_context *", kind: .pointer),
    CParameter(name: "a", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "b", type: "const stein_tensor *", kind: .pointer),
    CParameter(name: "options", type: "const char *", kind: .pointer),
    CParameter(name: "out", type: "double *", kind: .pointer),
    CParameter(name: "p_value", type: "double *", kind: .pointer),
    CParameter(name: "monitor", type: "stein_monitor *", kind: .pointer),
    CParameter(name: "error", type: "stein_error *", kind: .pointer),
  ]),
]

/// The numbers of the header's constants.
let headerConstants: [String: Int] = [
  "STEIN_OK": 0,
  "STEIN_BAD_POINTER": 101,
  "STEIN_BAD_HANDLE": 102,
  "STEIN_BAD_VALUE": 103,
  "STEIN_BAD_SHAPE": 104,
  "STEIN_BAD_OPTION": 105,
  "STEIN_BAD_STATE": 106,
  "STEIN_BUSY": 107,
  "STEIN_BUFFER_TOO_SMALL": 108,
  "STEIN_NOT_FINITE": 109,
  "STEIN_OUT_OF_MEMORY": 201,
  "STEIN_IO": 202,
  "STEIN_BAD_FILE": 203,
  "STEIN_NO_FILE": 204,
  "STEIN_UNSUPPORTED": 205,
  "STEIN_CANCELLED": 301,
  "STEIN_DEADLINE": 302,
  "STEIN_CALLBACK_FAILED": 303,
  "STEIN_DIVERGED": 401,
  "STEIN_INTERNAL": 501,
]
