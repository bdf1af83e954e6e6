#include <stdio.h>

int main(void) { return printf("pointers of %d bits\n", (int)(8 * sizeof(void *))) < 0; }
