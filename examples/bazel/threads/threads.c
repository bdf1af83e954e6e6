#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int sum;

static void *add(void *number) {
  atomic_fetch_add(&sum, *(int *)number);
  return 0;
}

int main(void) {
  pthread_t threads[4];
  int numbers[4] = {1, 2, 3, 4};
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, add, &numbers[i]);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  printf("four threads: %d\n", sum);
  return sum != 10;
}
