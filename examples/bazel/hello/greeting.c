#include "greeting.h"

#include <stdio.h>

int greet(const char *who) {
  return printf("hello, %s: pointers of %d bits\n", who, (int)(8 * sizeof(void *))) < 0;
}
