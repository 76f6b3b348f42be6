/* Runs kept inputs through a fuzz target without a fuzzer.   replay inputs.txt...
 * An input is a line of hexadecimal digits; a line with # says what those after it have found. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

int main(int count, char **arguments) {
  static char line[1 << 20];
  int replayed = 0;
  LLVMFuzzerInitialize(&count, &arguments);
  for (int i = 1; i < count; i++) {
    FILE *file = fopen(arguments[i], "r");
    if (!file) return perror(arguments[i]), 2;
    for (int number = 1; fgets(line, sizeof line, file); number++) {
      if (line[0] == '#') continue;
      size_t size = strspn(line, "0123456789abcdef") / 2;
      /* Exactly as long as it is, so that reading on is seen. */
      uint8_t *bytes = malloc(size ? size : 1);
      if (!bytes) return 2;
      for (size_t j = 0; j < size; j++) bytes[j] = (uint8_t)(digit(line[2 * j]) << 4 | digit(line[2 * j + 1]));
      fprintf(stderr, "%s:%d\n", arguments[i], number); /* the last one named is the one that failed */
      LLVMFuzzerTestOneInput(bytes, size);
      free(bytes);
      replayed++;
    }
    fclose(file);
  }
  printf("replayed %d inputs\n", replayed);
  return replayed == 0;
}
