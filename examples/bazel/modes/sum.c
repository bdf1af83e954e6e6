#include <stdio.h>
#include <stdlib.h>

int main(void) {
  int count = 1000, sum = 0;
  int *numbers = malloc(count * sizeof *numbers);
  for (int i = 0; i < count; i++) numbers[i] = i;
  for (int i = 0; i < count; i++) sum += numbers[i];
  free(numbers);
  printf("sum %d, pointers of %d bits\n", sum, (int)(8 * sizeof(void *)));
  return 0;
}
