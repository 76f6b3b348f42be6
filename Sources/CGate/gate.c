#include "gate.h"

#include <cpuid.h>
#include <string.h>

#include "../CArrow/arrow.h"

int gate_state = GATE_UNKNOWN;

/* The levels of the x86-64 psABI up to v3: leaf of cpuid, register (0 to 3: eax, ebx, ecx, edx), bit. */
static const struct {
  uint32_t leaf;
  uint8_t part, bit;
  const char *name;
} needed[] = {
    {1, 2, 0, "SSE3"},         {1, 2, 9, "SSSE3"},  {1, 2, 13, "CMPXCHG16B"}, {1, 2, 19, "SSE4.1"}, {1, 2, 20, "SSE4.2"},
    {1, 2, 23, "POPCNT"},      {0x80000001, 2, 0, "LAHF"}, {1, 2, 28, "AVX"},        {7, 1, 5, "AVX2"},     {7, 1, 3, "BMI1"},
    {7, 1, 8, "BMI2"},         {1, 2, 29, "F16C"},  {1, 2, 12, "FMA"},        {0x80000001, 2, 5, "LZCNT"}, {1, 2, 22, "MOVBE"},
};
enum { NEEDED = sizeof needed / sizeof needed[0], OSXSAVE = 27, SAVES_SSE_AND_AVX = 6 };

static uint32_t part_of(uint32_t leaf, int part) {
  unsigned int parts[4] = {0};
  return __get_cpuid_count(leaf, 0, &parts[0], &parts[1], &parts[2], &parts[3]) ? parts[part] : 0;
}

static int has(int i) { return part_of(needed[i].leaf, needed[i].part) >> needed[i].bit & 1; }

/* Whether the operating system keeps AVX's registers when it switches threads; xgetbv is an instruction only where it says so. */
static int saved(void) {
  if (!(part_of(1, 2) >> OSXSAVE & 1)) return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & SAVES_SSE_AND_AVX) == SAVES_SSE_AND_AVX;
}

int gate_look(void) {
  int state = __atomic_load_n(&gate_state, __ATOMIC_RELAXED);
  if (state == GATE_UNKNOWN) {
    int fit = saved();
    for (int i = 0; i < NEEDED; i++) fit &= has(i);
    state = fit ? GATE_OPEN : GATE_SHUT;
    __atomic_store_n(&gate_state, state, __ATOMIC_RELAXED);
  }
  return state == GATE_OPEN;
}

/* One sentence: what is missing, what is needed, what to do. */
static void explain(char *text, size_t capacity) {
  size_t length = 0;
#define ADD(part) \
  for (const char *from = part; *from && length + 1 < capacity; from++) text[length++] = *from
  int lacking = 0, told = 0;
  for (int i = 0; i < NEEDED; i++) lacking += !has(i);
  if (lacking) {
    ADD("this processor lacks ");
    for (int i = 0; i < NEEDED; i++) {
      if (has(i)) continue;
      ADD(told == 0 ? "" : told + 1 < lacking ? ", " : " and ");
      ADD(needed[i].name);
      told++;
    }
  } else {
    ADD("the operating system does not save AVX's registers");
  }
  ADD(": Stein needs x86-64-v3, which Intel's Core and Xeon have since Haswell (2013) and AMD's processors since Excavator (2015); a virtual machine needs its "
      "host's processor model (\"host\")");
#undef ADD
  text[length] = 0;
}

stein_status gate_refuse(stein_error *error) {
  if (!error || (uintptr_t)error % _Alignof(stein_error)) return STEIN_UNSUPPORTED;
  char *bytes = (char *)error;
  stein_error filled;
  memset(&filled, 0, sizeof filled);
  filled.status = STEIN_UNSUPPORTED;
  explain(filled.message, sizeof filled.message);
  const size_t size = error->struct_size;
#define FILL(field) \
  if (size >= offsetof(stein_error, field) + sizeof filled.field) memcpy(bytes + offsetof(stein_error, field), &filled.field, sizeof filled.field)
  FILL(status);
  FILL(parameter);
  FILL(callback_code);
  FILL(option);
#undef FILL
  const size_t before = offsetof(stein_error, message);
  if (size > before) {
    const size_t room = size - before < sizeof filled.message ? size - before : sizeof filled.message, length = strlen(filled.message);
    const size_t kept = length < room ? length : room - 1;
    memcpy(bytes + before, filled.message, kept);
    bytes[before + kept] = 0;
  }
  return STEIN_UNSUPPORTED;
}

void gate_release(stein_release_fn release, void *user) {
  if (release) release(user);
}

void gate_release_stream(struct ArrowArrayStream *moved_stream) {
  struct carrow_stream *stream = (struct carrow_stream *)moved_stream;
  if (stream && (uintptr_t)stream % _Alignof(struct carrow_stream) == 0 && stream->release) stream->release(stream);
}
