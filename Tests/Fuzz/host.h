/* The host of the fuzzed library: its memory, which is counted and at times refused, and what must hold after every call. */
#ifndef HOST_H
#define HOST_H
#include <pthread.h>
#include <time.h>

#include "input.h"

#define MUST(condition) \
  do { \
    if (!(condition)) fprintf(stderr, "%s:%d: in %s: %s; status %d, %s\n", __FILE__, __LINE__, called, #condition, error.status, error.message), abort(); \
  } while (0)

static stein_error error;
static const char *called = "";

/* ---- Memory ------------------------------------------------------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t living, peak, allocations, refused_at;
static const uint64_t most = 48 << 20;

static void *allocate(void *user, uint64_t size, uint64_t alignment) {
  (void)user;
  void *memory = NULL;
  pthread_mutex_lock(&lock);
  int refuse = ++allocations == refused_at || size > most || living + size > most;
  if (!refuse && posix_memalign(&memory, alignment, size ? size : 1) == 0) living += size;
  if (living > peak) peak = living;
  pthread_mutex_unlock(&lock);
  return memory;
}

static void deallocate(void *user, void *memory, uint64_t size, uint64_t alignment) {
  (void)user, (void)alignment;
  pthread_mutex_lock(&lock);
  living -= size;
  pthread_mutex_unlock(&lock);
  free(memory);
}

static stein_allocator allocator = {sizeof allocator, 0, NULL, allocate, deallocate};

/* ---- Before and after a call ---------------------------------------------------------------------------------------------------------- */

static inline void before(const char *name) {
  called = name;
  output_count = 0;
  memset(&error, 0x5A, sizeof error);
  error.message[sizeof error.message - 1] = 0;
  error.struct_size = sizeof error;
}

/* R1, R2, R3. */
static inline int after(stein_status status) {
  if (getenv("STEIN_FUZZ_TRACE")) fprintf(stderr, "%s: %d %s\n", called, status, status ? error.message : "");
  MUST(strcmp(stein_status_name(status), "unknown") != 0 && status != STEIN_INTERNAL);
  if (status == STEIN_OK) {
    MUST(error.status == 0x5A5A5A5A && error.message[0] == 0x5A);
    return 1;
  }
  MUST(error.status == status && memchr(error.message, 0, sizeof error.message) && error.message[0] && memchr(error.option, 0, sizeof error.option));
  for (int i = 0; i < output_count && status < 200; i++)
    for (size_t j = 0; j < outputs[i].size; j++) MUST(outputs[i].data[j] == 0xA5);
  return 0;
}

static inline int64_t nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
#endif
