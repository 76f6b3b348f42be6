#ifndef ALLOCATOR_H
#define ALLOCATOR_H
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Memory of the host's, counted and, at a chosen allocation, refused. Called from any thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t living, allocations, refused, refused_at = -1, refused_for_good;

static void *allocate(void *user, uint64_t size, uint64_t alignment) {
  (void)user;
  pthread_mutex_lock(&lock);
  int64_t number = allocations++;
  int refuse = refused_at >= 0 && (number == refused_at || (refused_for_good && number > refused_at));
  void *memory = NULL;
  refused += refuse;
  if (!refuse && posix_memalign(&memory, alignment, size) == 0) living += (int64_t)size, memset(memory, 0xA5, size);
  pthread_mutex_unlock(&lock);
  return memory;
}

static void deallocate(void *user, void *memory, uint64_t size, uint64_t alignment) {
  (void)user, (void)alignment;
  pthread_mutex_lock(&lock);
  living -= (int64_t)size;
  pthread_mutex_unlock(&lock);
  memset(memory, 0x5A, size);
  free(memory);
}
#endif
