"""Generated from stein.h by bindings/generate.py; do not edit."""

from ctypes import (
    CDLL,
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any

STEIN_OK = 0
STEIN_BAD_POINTER = 101
STEIN_BAD_HANDLE = 102
STEIN_BAD_VALUE = 103
STEIN_BAD_SHAPE = 104
STEIN_BAD_OPTION = 105
STEIN_BAD_STATE = 106
STEIN_BUSY = 107
STEIN_BUFFER_TOO_SMALL = 108
STEIN_NOT_FINITE = 109
STEIN_OUT_OF_MEMORY = 201
STEIN_IO = 202
STEIN_BAD_FILE = 203
STEIN_NO_FILE = 204
STEIN_UNSUPPORTED = 205
STEIN_CANCELLED = 301
STEIN_DEADLINE = 302
STEIN_CALLBACK_FAILED = 303
STEIN_DIVERGED = 401
STEIN_INTERNAL = 501


class stein_error(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("status", c_int32),
        ("parameter", c_int32),
        ("callback_code", c_int32),
        ("option", c_char * 64),
        ("message", c_char * 432),
    ]


class stein_device(Structure):
    _fields_ = [
        ("device_type", c_int32),
        ("device_id", c_int32),
    ]


class stein_dtype(Structure):
    _fields_ = [
        ("code", c_uint8),
        ("bits", c_uint8),
        ("lanes", c_uint16),
    ]


class stein_tensor(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("device", stein_device),
        ("ndim", c_int32),
        ("dtype", stein_dtype),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]


class stein_monitor(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("cancel", c_int32),
        ("step", c_int64),
        ("steps", c_int64),
        ("loss", c_double),
        ("validation", c_double),
        ("deadline_ns", c_int64),
        ("progress", c_void_p),
        ("user", c_void_p),
    ]


class stein_allocator(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("user", c_void_p),
        ("allocate", c_void_p),
        ("deallocate", c_void_p),
    ]


PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "stein_version": (c_char_p, []),
    "stein_status_name": (c_char_p, [c_int32]),
    "stein_options_describe": (c_int32, [c_char_p, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_context_new": (c_int32, [c_char_p, POINTER(stein_allocator), POINTER(c_void_p), POINTER(stein_error)]),
    "stein_context_check_trace": (c_int32, [c_void_p, POINTER(stein_error)]),
    "stein_context_free": (c_int32, [c_void_p]),
    "stein_dataset_new": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_dataset_open": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_tensor_save": (c_int32, [c_void_p, POINTER(stein_tensor), c_char_p, POINTER(stein_error)]),
    "stein_dataset_move_arrow": (c_int32, [c_void_p, c_void_p, c_char_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_dataset_describe": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_dataset_get_numbers": (c_int32, [c_void_p, c_char_p, POINTER(c_double), c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_dataset_get_text": (c_int32, [c_void_p, c_char_p, c_int64, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_dataset_shape": (c_int32, [c_void_p, POINTER(c_int32), POINTER(c_int64), POINTER(stein_error)]),
    "stein_dataset_free": (c_int32, [c_void_p]),
    "stein_model_new": (c_int32, [c_void_p, c_void_p, c_char_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_graph_new": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_graph_node": (c_int32, [c_void_p, c_char_p, POINTER(c_int32), c_int32, c_char_p, POINTER(stein_tensor), POINTER(c_int32), POINTER(stein_error)]),
    "stein_graph_shape": (c_int32, [c_void_p, c_int32, POINTER(c_int32), POINTER(c_int64), POINTER(stein_error)]),
    "stein_graph_describe": (c_int32, [c_void_p, c_int32, c_char_p, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_graph_free": (c_int32, [c_void_p]),
    "stein_model_from_graph": (c_int32, [c_void_p, c_int32, c_void_p, c_char_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_model_load": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_model_save": (c_int32, [c_void_p, c_char_p, POINTER(stein_error)]),
    "stein_model_write": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_model_read": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_model_import_weights": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(stein_error)]),
    "stein_model_export_onnx": (c_int32, [c_void_p, c_char_p, POINTER(stein_error)]),
    "stein_model_describe": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_model_get_numbers": (c_int32, [c_void_p, c_char_p, POINTER(c_double), c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_model_get_text": (c_int32, [c_void_p, c_char_p, c_int64, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_model_shape": (c_int32, [c_void_p, POINTER(c_int32), POINTER(c_int64), POINTER(stein_error)]),
    "stein_model_parameter": (c_int32, [c_void_p, c_char_p, POINTER(c_int32), POINTER(c_int64), POINTER(stein_tensor), POINTER(stein_error)]),
    "stein_model_free": (c_int32, [c_void_p]),
    "stein_model_score": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_double, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_model_denoise": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_double, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_model_energy": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_double, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_model_jacobian": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_double, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_model_denoise_covariance": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_double, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_model_denoise_error": (c_int32, [c_void_p, c_void_p, POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_model_loss": (c_int32, [c_void_p, c_void_p, c_char_p, POINTER(c_double), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_model_losses": (c_int32, [c_void_p, c_void_p, c_char_p, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_trainer_new": (c_int32, [c_void_p, c_void_p, c_char_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_trainer_run": (c_int32, [c_void_p, c_int64, POINTER(c_int32), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_trainer_save": (c_int32, [c_void_p, c_char_p, POINTER(stein_error)]),
    "stein_trainer_resume": (c_int32, [c_void_p, c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p), POINTER(stein_error)]),
    "stein_trainer_set": (c_int32, [c_void_p, c_char_p, POINTER(stein_error)]),
    "stein_trainer_set_noise": (c_int32, [c_void_p, c_void_p, c_void_p, c_void_p, POINTER(stein_error)]),
    "stein_trainer_set_allreduce": (c_int32, [c_void_p, c_int32, c_int32, c_void_p, c_void_p, c_void_p, POINTER(stein_error)]),
    "stein_trainer_describe": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_trainer_get_numbers": (c_int32, [c_void_p, c_char_p, POINTER(c_double), c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_trainer_get_text": (c_int32, [c_void_p, c_char_p, c_int64, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_trainer_free": (c_int32, [c_void_p]),
    "stein_sample": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_sample_labels": (c_int32, [c_void_p, c_char_p, POINTER(stein_tensor), POINTER(stein_error)]),
    "stein_sample_weighted": (c_int32, [c_void_p, POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_impute": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_sample_posterior": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_encode": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_decode": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_model_log_likelihood": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_density_new": (c_int32, [c_void_p, c_int64, c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_density_from_model": (c_int32, [c_void_p, POINTER(stein_tensor), c_double, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_density_check": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_density_free": (c_int32, [c_void_p]),
    "stein_chains_new": (c_int32, [c_void_p, c_char_p, POINTER(stein_tensor), POINTER(c_void_p), POINTER(stein_error)]),
    "stein_chains_run": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_chains_describe": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_chains_get_numbers": (c_int32, [c_void_p, c_char_p, POINTER(c_double), c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_chains_get_text": (c_int32, [c_void_p, c_char_p, c_int64, c_void_p, c_uint64, POINTER(c_uint64), POINTER(stein_error)]),
    "stein_chains_metric": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_error)]),
    "stein_chains_set_metric": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_error)]),
    "stein_chains_save": (c_int32, [c_void_p, c_char_p, POINTER(stein_error)]),
    "stein_chains_resume": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(stein_error)]),
    "stein_chains_free": (c_int32, [c_void_p]),
    "stein_rhat": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_effective_sample_size": (c_int32, [c_void_p, POINTER(stein_tensor), c_char_p, POINTER(stein_tensor), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_kernel_stein_discrepancy": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(c_double), POINTER(c_double), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_fisher_divergence": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), POINTER(stein_tensor), c_double, POINTER(c_double), POINTER(c_double), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_sliced_wasserstein": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(c_double), POINTER(stein_monitor), POINTER(stein_error)]),
    "stein_maximum_mean_discrepancy": (c_int32, [c_void_p, POINTER(stein_tensor), POINTER(stein_tensor), c_char_p, POINTER(c_double), POINTER(c_double), POINTER(stein_monitor), POINTER(stein_error)]),
}


def bind(library: CDLL) -> CDLL:
    """Gives every function its types."""
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(library, name)  # an AttributeError here: library and header differ
        function.restype, function.argtypes = result, arguments
    return library
