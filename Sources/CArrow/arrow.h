// The structs of the Arrow C data and stream interfaces (arrow.apache.org/docs/format/CDataInterface.html), under names of our own: the caller's headers
// define the others.
#pragma once
#include <stdint.h>

struct carrow_schema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct carrow_schema **children, *dictionary;
  void (*release)(struct carrow_schema *);
  void *private_data;
};
struct carrow_array {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct carrow_array **children, *dictionary;
  void (*release)(struct carrow_array *);
  void *private_data;
};
struct carrow_stream {
  int (*get_schema)(struct carrow_stream *, struct carrow_schema *out);
  int (*get_next)(struct carrow_stream *, struct carrow_array *out);
  const char *(*get_last_error)(struct carrow_stream *);
  void (*release)(struct carrow_stream *);
  void *private_data;
};
