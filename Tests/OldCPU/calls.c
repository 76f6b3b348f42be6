/* Every call of the library on a processor that it refuses: a status and one sentence, what was handed over released, nothing else touched. The calls
 * are generated from the header (generate.py calls).   calls WORD     a word of the sentence */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stein.h"

/* As the Arrow C stream interface has it. */
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, void *);
  int (*get_next)(struct ArrowArrayStream *, void *);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

static int passed, failed, releases;
static const char *word;
static stein_error error;
static unsigned char outputs[256], handle[16], untouched[256];
static double numbers[4] = {1, 2, 3, 4};
static int64_t shape[2] = {2, 2};
static stein_tensor tensor = {numbers, {1, 0}, 2, {2, 64, 1}, shape, NULL, 0};
static stein_monitor monitor = {.struct_size = sizeof monitor};

static void callback(void) { failed++, puts("a callback was called"); }
static void released(void *user) { (void)user, releases++; }
static void *allocate(void *user, uint64_t size, uint64_t alignment) { return (void)user, (void)alignment, malloc(size); }
static void deallocate(void *user, void *memory, uint64_t size, uint64_t alignment) { (void)user, (void)size, (void)alignment, free(memory); }
static stein_allocator allocator = {sizeof allocator, 0, NULL, allocate, deallocate};

static void released_stream(struct ArrowArrayStream *stream) { releases++, stream->release = NULL; }
static struct ArrowArrayStream *stream(void) {
  static struct ArrowArrayStream one;
  memset(&one, 0, sizeof one);
  one.release = released_stream;
  return &one;
}

/* Our own: the C library's take instructions that qemu has not on every processor that it shows. */
static int same(const void *a, const void *b, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (((const volatile char *)a)[i] != ((const volatile char *)b)[i]) return 0;
  return 1;
}
static size_t length(const char *text, size_t capacity) {
  size_t count = 0;
  while (count < capacity && ((const volatile char *)text)[count]) count++;
  return count;
}
static int holds(const char *text, const char *part) {
  size_t all = length(text, sizeof error.message), count = length(part, 64);
  for (size_t i = 0; i + count <= all; i++)
    if (same(text + i, part, count)) return 1;
  return 0;
}
static int equal(const char *a, const char *b) { return length(a, 64) == length(b, 64) && same(a, b, length(a, 64)); }

static void check(const char *name, stein_status status, stein_status expected, int filled, int taken) {
  int good = status == expected && releases == taken && same(outputs, untouched, sizeof outputs);
  if (filled)
    good &= error.status == STEIN_UNSUPPORTED && error.parameter == 0 && error.callback_code == 0 && !error.option[0] && holds(error.message, word) &&
            holds(error.message, "x86-64-v3") && length(error.message, sizeof error.message) < sizeof error.message - 1;
  else
    good &= error.status == -1 && !error.message[0];
  if (good) passed++;
  else failed++, printf("%s: %d, released %d times: %s\n", name, status, releases, error.message);
}
#define CALL(name, call, expected, filled, taken) \
  do { \
    memset(&error, 0, sizeof error), error.struct_size = sizeof error, error.status = -1, error.parameter = 7, error.callback_code = 7, releases = 0; \
    stein_status status = call; \
    check(name, status, expected, filled, taken); \
  } while (0)

/* R13: an error of any size is filled as far as it goes. */
static void sizes(void) {
  for (unsigned size = 0; size <= sizeof error; size++) {
    memset(&error, 0x5a, sizeof error), error.struct_size = size;
    stein_status status = stein_context_new(NULL, NULL, NULL, &error);
    const unsigned char *bytes = (const unsigned char *)&error;
    int beyond = 0;
    for (unsigned i = size < 4 ? 4 : size; i < sizeof error; i++) beyond += bytes[i] != 0x5a;
    int good = status == STEIN_UNSUPPORTED && !beyond && (size < 8 || error.status == STEIN_UNSUPPORTED) && (size < 81 || length(error.message, size - 80) < size - 80);
    if (good) passed++;
    else failed++, printf("struct_size %u\n", size);
  }
}

int main(int count, char **arguments) {
  word = count > 1 ? arguments[1] : "";
  memset(outputs, 0x5a, sizeof outputs), memset(untouched, 0x5a, sizeof untouched);
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", STEIN_VERSION_MAJOR, STEIN_VERSION_MINOR, STEIN_VERSION_PATCH);
  int plain = equal(stein_version(), version) && equal(stein_status_name(STEIN_UNSUPPORTED), "STEIN_UNSUPPORTED") &&
              equal(stein_status_name(7), "unknown");
  if (plain) passed++;
  else failed++, puts("stein_version or stein_status_name");
#include "calls.inc"
  sizes();
  if (failed) printf("%d failed: %s\n", failed, error.message);
  return failed != 0;
}
