/* Generated from stein.h by bindings/generate.py; do not edit. */
#include "gate.h"

GATE_HIDDEN extern __typeof__(stein_options_describe) stein_options_describe_body;
stein_status stein_options_describe(const char * kind, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_options_describe_body(kind, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_context_new) stein_context_new_body;
stein_status stein_context_new(const char * options, const stein_allocator * allocator, stein_context ** context, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_context_new_body(options, allocator, context, error);
}

GATE_HIDDEN extern __typeof__(stein_context_check_trace) stein_context_check_trace_body;
stein_status stein_context_check_trace(const stein_context * context, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_context_check_trace_body(context, error);
}

GATE_HIDDEN extern __typeof__(stein_context_free) stein_context_free_body;
stein_status stein_context_free(stein_context * context) {
  if (!gate_open()) return gate_refuse_free(context);
  return stein_context_free_body(context);
}

GATE_HIDDEN extern __typeof__(stein_dataset_new) stein_dataset_new_body;
stein_status stein_dataset_new(const stein_context * context, const stein_tensor * rows, const stein_tensor * labels, const char * options, stein_dataset ** dataset, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_dataset_new_body(context, rows, labels, options, dataset, error);
}

GATE_HIDDEN extern __typeof__(stein_dataset_open) stein_dataset_open_body;
stein_status stein_dataset_open(const stein_context * context, const char * path, const char * options, stein_dataset ** dataset, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_dataset_open_body(context, path, options, dataset, error);
}

GATE_HIDDEN extern __typeof__(stein_tensor_save) stein_tensor_save_body;
stein_status stein_tensor_save(const stein_context * context, const stein_tensor * tensor, const char * path, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_tensor_save_body(context, tensor, path, error);
}

GATE_HIDDEN extern __typeof__(stein_dataset_move_arrow) stein_dataset_move_arrow_body;
stein_status stein_dataset_move_arrow(const stein_context * context, struct ArrowArrayStream * moved_stream, const char * options, stein_dataset ** dataset, stein_error * error) {
  if (!gate_open()) return gate_release_stream(moved_stream), gate_refuse(error);
  return stein_dataset_move_arrow_body(context, moved_stream, options, dataset, error);
}

GATE_HIDDEN extern __typeof__(stein_dataset_describe) stein_dataset_describe_body;
stein_status stein_dataset_describe(const stein_dataset * dataset, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_dataset_describe_body(dataset, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_dataset_get_numbers) stein_dataset_get_numbers_body;
stein_status stein_dataset_get_numbers(const stein_dataset * dataset, const char * name, double * values, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_dataset_get_numbers_body(dataset, name, values, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_dataset_get_text) stein_dataset_get_text_body;
stein_status stein_dataset_get_text(const stein_dataset * dataset, const char * name, int64_t index, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_dataset_get_text_body(dataset, name, index, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_dataset_shape) stein_dataset_shape_body;
stein_status stein_dataset_shape(const stein_dataset * dataset, int32_t * ndim, int64_t * shape, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_dataset_shape_body(dataset, ndim, shape, error);
}

GATE_HIDDEN extern __typeof__(stein_dataset_free) stein_dataset_free_body;
stein_status stein_dataset_free(stein_dataset * dataset) {
  if (!gate_open()) return gate_refuse_free(dataset);
  return stein_dataset_free_body(dataset);
}

GATE_HIDDEN extern __typeof__(stein_model_new) stein_model_new_body;
stein_status stein_model_new(const stein_context * context, const stein_dataset * dataset, const char * options, stein_model ** model, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_new_body(context, dataset, options, model, error);
}

GATE_HIDDEN extern __typeof__(stein_graph_new) stein_graph_new_body;
stein_status stein_graph_new(const stein_context * context, stein_graph ** graph, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_graph_new_body(context, graph, error);
}

GATE_HIDDEN extern __typeof__(stein_graph_node) stein_graph_node_body;
stein_status stein_graph_node(stein_graph * graph, const char * operation, const int32_t * inputs, int32_t count, const char * options, const stein_tensor * value, int32_t * node, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_graph_node_body(graph, operation, inputs, count, options, value, node, error);
}

GATE_HIDDEN extern __typeof__(stein_graph_shape) stein_graph_shape_body;
stein_status stein_graph_shape(const stein_graph * graph, int32_t node, int32_t * ndim, int64_t * shape, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_graph_shape_body(graph, node, ndim, shape, error);
}

GATE_HIDDEN extern __typeof__(stein_graph_describe) stein_graph_describe_body;
stein_status stein_graph_describe(const stein_graph * graph, int32_t node, const char * format, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_graph_describe_body(graph, node, format, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_graph_free) stein_graph_free_body;
stein_status stein_graph_free(stein_graph * graph) {
  if (!gate_open()) return gate_refuse_free(graph);
  return stein_graph_free_body(graph);
}

GATE_HIDDEN extern __typeof__(stein_model_from_graph) stein_model_from_graph_body;
stein_status stein_model_from_graph(const stein_graph * graph, int32_t node, const stein_dataset * dataset, const char * options, stein_model ** model, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_from_graph_body(graph, node, dataset, options, model, error);
}

GATE_HIDDEN extern __typeof__(stein_model_load) stein_model_load_body;
stein_status stein_model_load(const stein_context * context, const char * path, stein_model ** model, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_load_body(context, path, model, error);
}

GATE_HIDDEN extern __typeof__(stein_model_save) stein_model_save_body;
stein_status stein_model_save(const stein_model * model, const char * path, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_save_body(model, path, error);
}

GATE_HIDDEN extern __typeof__(stein_model_write) stein_model_write_body;
stein_status stein_model_write(const stein_model * model, void * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_write_body(model, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_model_read) stein_model_read_body;
stein_status stein_model_read(const stein_context * context, const void * bytes, uint64_t size, stein_model ** model, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_read_body(context, bytes, size, model, error);
}

GATE_HIDDEN extern __typeof__(stein_model_import_weights) stein_model_import_weights_body;
stein_status stein_model_import_weights(stein_model * model, const char * path, const char * options, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_import_weights_body(model, path, options, error);
}

GATE_HIDDEN extern __typeof__(stein_model_export_onnx) stein_model_export_onnx_body;
stein_status stein_model_export_onnx(const stein_model * model, const char * path, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_export_onnx_body(model, path, error);
}

GATE_HIDDEN extern __typeof__(stein_model_describe) stein_model_describe_body;
stein_status stein_model_describe(const stein_model * model, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_describe_body(model, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_model_get_numbers) stein_model_get_numbers_body;
stein_status stein_model_get_numbers(const stein_model * model, const char * name, double * values, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_get_numbers_body(model, name, values, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_model_get_text) stein_model_get_text_body;
stein_status stein_model_get_text(const stein_model * model, const char * name, int64_t index, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_get_text_body(model, name, index, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_model_shape) stein_model_shape_body;
stein_status stein_model_shape(const stein_model * model, int32_t * ndim, int64_t * shape, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_shape_body(model, ndim, shape, error);
}

GATE_HIDDEN extern __typeof__(stein_model_parameter) stein_model_parameter_body;
stein_status stein_model_parameter(const stein_model * model, const char * name, int32_t * ndim, int64_t * shape, const stein_tensor * out, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_parameter_body(model, name, ndim, shape, out, error);
}

GATE_HIDDEN extern __typeof__(stein_model_free) stein_model_free_body;
stein_status stein_model_free(stein_model * model) {
  if (!gate_open()) return gate_refuse_free(model);
  return stein_model_free_body(model);
}

GATE_HIDDEN extern __typeof__(stein_model_score) stein_model_score_body;
stein_status stein_model_score(const stein_model * model, const stein_tensor * x, const stein_tensor * labels, double sigma, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_score_body(model, x, labels, sigma, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_model_denoise) stein_model_denoise_body;
stein_status stein_model_denoise(const stein_model * model, const stein_tensor * x, const stein_tensor * labels, double sigma, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_denoise_body(model, x, labels, sigma, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_model_energy) stein_model_energy_body;
stein_status stein_model_energy(const stein_model * model, const stein_tensor * x, const stein_tensor * labels, double sigma, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_energy_body(model, x, labels, sigma, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_model_jacobian) stein_model_jacobian_body;
stein_status stein_model_jacobian(const stein_model * model, const stein_tensor * x, const stein_tensor * labels, double sigma, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_jacobian_body(model, x, labels, sigma, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_model_denoise_covariance) stein_model_denoise_covariance_body;
stein_status stein_model_denoise_covariance(const stein_model * model, const stein_tensor * x, const stein_tensor * labels, double sigma, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_denoise_covariance_body(model, x, labels, sigma, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_model_denoise_error) stein_model_denoise_error_body;
stein_status stein_model_denoise_error(const stein_model * model, const stein_dataset * dataset, const stein_tensor * sigmas, const char * options, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_denoise_error_body(model, dataset, sigmas, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_model_loss) stein_model_loss_body;
stein_status stein_model_loss(const stein_model * model, const stein_dataset * dataset, const char * options, double * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_loss_body(model, dataset, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_model_losses) stein_model_losses_body;
stein_status stein_model_losses(const stein_model * model, const stein_dataset * dataset, const char * options, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_losses_body(model, dataset, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_new) stein_trainer_new_body;
stein_status stein_trainer_new(stein_model * model, const stein_dataset * dataset, const char * options, stein_trainer ** trainer, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_trainer_new_body(model, dataset, options, trainer, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_run) stein_trainer_run_body;
stein_status stein_trainer_run(stein_trainer * trainer, int64_t steps, int32_t * finished, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_trainer_run_body(trainer, steps, finished, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_save) stein_trainer_save_body;
stein_status stein_trainer_save(const stein_trainer * trainer, const char * path, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_trainer_save_body(trainer, path, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_resume) stein_trainer_resume_body;
stein_status stein_trainer_resume(const stein_context * context, const stein_dataset * dataset, const char * path, stein_model ** model, stein_trainer ** trainer, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_trainer_resume_body(context, dataset, path, model, trainer, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_set) stein_trainer_set_body;
stein_status stein_trainer_set(stein_trainer * trainer, const char * options, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_trainer_set_body(trainer, options, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_set_noise) stein_trainer_set_noise_body;
stein_status stein_trainer_set_noise(stein_trainer * trainer, stein_noise_fn noise, void * user, stein_release_fn release, stein_error * error) {
  if (!gate_open()) return gate_release(release, user), gate_refuse(error);
  return stein_trainer_set_noise_body(trainer, noise, user, release, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_set_allreduce) stein_trainer_set_allreduce_body;
stein_status stein_trainer_set_allreduce(stein_trainer * trainer, int32_t rank, int32_t ranks, stein_allreduce_fn sum, void * user, stein_release_fn release, stein_error * error) {
  if (!gate_open()) return gate_release(release, user), gate_refuse(error);
  return stein_trainer_set_allreduce_body(trainer, rank, ranks, sum, user, release, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_describe) stein_trainer_describe_body;
stein_status stein_trainer_describe(const stein_trainer * trainer, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_trainer_describe_body(trainer, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_get_numbers) stein_trainer_get_numbers_body;
stein_status stein_trainer_get_numbers(const stein_trainer * trainer, const char * name, double * values, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_trainer_get_numbers_body(trainer, name, values, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_get_text) stein_trainer_get_text_body;
stein_status stein_trainer_get_text(const stein_trainer * trainer, const char * name, int64_t index, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_trainer_get_text_body(trainer, name, index, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_trainer_free) stein_trainer_free_body;
stein_status stein_trainer_free(stein_trainer * trainer) {
  if (!gate_open()) return gate_refuse_free(trainer);
  return stein_trainer_free_body(trainer);
}

GATE_HIDDEN extern __typeof__(stein_sample) stein_sample_body;
stein_status stein_sample(const stein_model * model, const stein_tensor * start, const stein_tensor * labels, const char * options, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_sample_body(model, start, labels, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_sample_labels) stein_sample_labels_body;
stein_status stein_sample_labels(const stein_model * model, const char * options, const stein_tensor * out, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_sample_labels_body(model, options, out, error);
}

GATE_HIDDEN extern __typeof__(stein_sample_weighted) stein_sample_weighted_body;
stein_status stein_sample_weighted(const stein_model * model, const stein_tensor * labels, const char * options, const stein_tensor * out, const stein_tensor * log_weights, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_sample_weighted_body(model, labels, options, out, log_weights, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_impute) stein_impute_body;
stein_status stein_impute(const stein_model * model, const stein_tensor * x, const stein_tensor * known, const stein_tensor * labels, const char * options, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_impute_body(model, x, known, labels, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_sample_posterior) stein_sample_posterior_body;
stein_status stein_sample_posterior(const stein_model * model, const stein_tensor * matrix, const stein_tensor * y, const stein_tensor * labels, const char * options, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_sample_posterior_body(model, matrix, y, labels, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_encode) stein_encode_body;
stein_status stein_encode(const stein_model * model, const stein_tensor * x, const stein_tensor * labels, const char * options, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_encode_body(model, x, labels, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_decode) stein_decode_body;
stein_status stein_decode(const stein_model * model, const stein_tensor * noise, const stein_tensor * labels, const char * options, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_decode_body(model, noise, labels, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_model_log_likelihood) stein_model_log_likelihood_body;
stein_status stein_model_log_likelihood(const stein_model * model, const stein_tensor * x, const stein_tensor * labels, const char * options, const stein_tensor * out, const stein_tensor * deviation, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_model_log_likelihood_body(model, x, labels, options, out, deviation, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_density_new) stein_density_new_body;
stein_status stein_density_new(const stein_context * context, int64_t d, stein_density_fn function, void * user, stein_release_fn release, stein_density ** density, stein_error * error) {
  if (!gate_open()) return gate_release(release, user), gate_refuse(error);
  return stein_density_new_body(context, d, function, user, release, density, error);
}

GATE_HIDDEN extern __typeof__(stein_density_from_model) stein_density_from_model_body;
stein_status stein_density_from_model(const stein_model * model, const stein_tensor * label, double sigma, stein_density ** density, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_density_from_model_body(model, label, sigma, density, error);
}

GATE_HIDDEN extern __typeof__(stein_density_check) stein_density_check_body;
stein_status stein_density_check(const stein_density * density, const stein_tensor * points, const stein_tensor * out, const stein_tensor * places, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_density_check_body(density, points, out, places, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_density_free) stein_density_free_body;
stein_status stein_density_free(stein_density * density) {
  if (!gate_open()) return gate_refuse_free(density);
  return stein_density_free_body(density);
}

GATE_HIDDEN extern __typeof__(stein_chains_new) stein_chains_new_body;
stein_status stein_chains_new(const stein_density * density, const char * options, const stein_tensor * start, stein_chains ** chains, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_new_body(density, options, start, chains, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_run) stein_chains_run_body;
stein_status stein_chains_run(stein_chains * chains, const stein_tensor * draws, const stein_tensor * statistics, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_run_body(chains, draws, statistics, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_describe) stein_chains_describe_body;
stein_status stein_chains_describe(const stein_chains * chains, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_describe_body(chains, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_get_numbers) stein_chains_get_numbers_body;
stein_status stein_chains_get_numbers(const stein_chains * chains, const char * name, double * values, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_get_numbers_body(chains, name, values, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_get_text) stein_chains_get_text_body;
stein_status stein_chains_get_text(const stein_chains * chains, const char * name, int64_t index, char * buffer, uint64_t capacity, uint64_t * needed, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_get_text_body(chains, name, index, buffer, capacity, needed, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_metric) stein_chains_metric_body;
stein_status stein_chains_metric(const stein_chains * chains, const stein_tensor * out, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_metric_body(chains, out, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_set_metric) stein_chains_set_metric_body;
stein_status stein_chains_set_metric(stein_chains * chains, const stein_tensor * metric, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_set_metric_body(chains, metric, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_save) stein_chains_save_body;
stein_status stein_chains_save(const stein_chains * chains, const char * path, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_save_body(chains, path, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_resume) stein_chains_resume_body;
stein_status stein_chains_resume(const stein_density * density, const char * path, stein_chains ** chains, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_chains_resume_body(density, path, chains, error);
}

GATE_HIDDEN extern __typeof__(stein_chains_free) stein_chains_free_body;
stein_status stein_chains_free(stein_chains * chains) {
  if (!gate_open()) return gate_refuse_free(chains);
  return stein_chains_free_body(chains);
}

GATE_HIDDEN extern __typeof__(stein_rhat) stein_rhat_body;
stein_status stein_rhat(const stein_context * context, const stein_tensor * draws, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_rhat_body(context, draws, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_effective_sample_size) stein_effective_sample_size_body;
stein_status stein_effective_sample_size(const stein_context * context, const stein_tensor * draws, const char * options, const stein_tensor * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_effective_sample_size_body(context, draws, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_kernel_stein_discrepancy) stein_kernel_stein_discrepancy_body;
stein_status stein_kernel_stein_discrepancy(const stein_context * context, const stein_tensor * x, const stein_tensor * scores, const char * options, double * out, double * p_value, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_kernel_stein_discrepancy_body(context, x, scores, options, out, p_value, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_fisher_divergence) stein_fisher_divergence_body;
stein_status stein_fisher_divergence(const stein_model * model, const stein_tensor * x, const stein_tensor * labels, const stein_tensor * scores, double sigma, double * out, double * relative, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_fisher_divergence_body(model, x, labels, scores, sigma, out, relative, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_sliced_wasserstein) stein_sliced_wasserstein_body;
stein_status stein_sliced_wasserstein(const stein_context * context, const stein_tensor * a, const stein_tensor * b, const char * options, double * out, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_sliced_wasserstein_body(context, a, b, options, out, monitor, error);
}

GATE_HIDDEN extern __typeof__(stein_maximum_mean_discrepancy) stein_maximum_mean_discrepancy_body;
stein_status stein_maximum_mean_discrepancy(const stein_context * context, const stein_tensor * a, const stein_tensor * b, const char * options, double * out, double * p_value, stein_monitor * monitor, stein_error * error) {
  if (!gate_open()) return gate_refuse(error);
  return stein_maximum_mean_discrepancy_body(context, a, b, options, out, p_value, monitor, error);
}
