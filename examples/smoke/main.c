#include <stdio.h>
#include <stdlib.h>

int main(void) {
  char *said = malloc(64);
  if (!said) return 1;
  snprintf(said, 64, "pointers of %zu bits", 8 * sizeof said);
  puts(said);
  free(said);
  return 0;
}
