/* The register peak: fused multiply-adds that wait for no memory, per second of processor time.   peak THREADS SECONDS  prints gflops=... */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __AVX512F__
enum { LANES = 16, CHAINS = 24 };
#else
enum { LANES = 8, CHAINS = 12 };
#endif
typedef float vector __attribute__((vector_size(4 * LANES)));

enum { THREADS = 64, REPEATS = 100000 };
static double seconds, rates[THREADS];
static pthread_barrier_t barrier;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Enough chains to hide the latency, all in registers. */
static void multiply_add(vector chains[CHAINS], vector factor, vector term) {
  vector a[CHAINS];
  for (int i = 0; i < CHAINS; i++) a[i] = chains[i];
  for (int n = 0; n < REPEATS; n++) {
#pragma GCC unroll 24
    for (int i = 0; i < CHAINS; i++) a[i] = a[i] * factor + term;
  }
  for (int i = 0; i < CHAINS; i++) chains[i] = a[i];
}

static void *work(void *rate) {
  volatile float factor = 0.999f, term = 0.001f;
  vector f = {0}, t = {0}, chains[CHAINS] = {{0}};
  f += factor, t += term;
  pthread_barrier_wait(&barrier);
  double start = now(), end;
  long count = 0;
  do {
    multiply_add(chains, f, t);
    count++, end = now();
  } while (end - start < seconds);
  for (int i = 1; i < CHAINS; i++) chains[0] += chains[i];
  factor = chains[0][0]; /* so that it is computed */
  *(double *)rate = 2.0 * LANES * CHAINS * REPEATS * (double)count / (end - start);
  return NULL;
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  seconds = argc > 2 ? atof(argv[2]) : 0.3;
  if (threads < 1 || threads > THREADS) return 2;
  pthread_t thread[THREADS];
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, work, &rates[i]);
  double total = 0;
  for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL), total += rates[i];
  printf("gflops=%.1f lanes=%d\n", total / 1e9, LANES);
  return 0;
}
