/* Runs kept inputs through a fuzz target without a fuzzer: the files named, or all in the folders named. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replayed;

static void replay(const char *name) {
  FILE *file = fopen(name, "rb");
  if (!file) exit(2);
  static uint8_t bytes[1 << 20];
  size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  /* Exactly as long as it is, so that reading on is seen. */
  uint8_t *exact = malloc(size ? size : 1);
  if (!exact) exit(2);
  memcpy(exact, bytes, size);
  fprintf(stderr, "%s\n", name);
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  replayed++;
}

int main(int count, char **arguments) {
  char *names[64] = {0};
  for (int i = 1; i < count && i < 64; i++)
    if (!(names[i] = realpath(arguments[i], NULL))) return 2;
  LLVMFuzzerInitialize(&count, &arguments);
  for (int i = 1; i < count && i < 64; i++) {
    struct stat status;
    if (stat(names[i], &status) != 0) return 2;
    struct dirent **entries;
    int found = S_ISDIR(status.st_mode) ? scandir(names[i], &entries, NULL, alphasort) : -1;
    if (found < 0) replay(names[i]);
    for (int j = 0; j < found; j++) {
      char name[8192];
      snprintf(name, sizeof name, "%s/%s", names[i], entries[j]->d_name);
      if (entries[j]->d_name[0] != '.') replay(name);
      free(entries[j]);
    }
    if (found >= 0) free(entries);
    free(names[i]);
  }
  printf("replayed %d inputs\n", replayed);
  return 0;
}
