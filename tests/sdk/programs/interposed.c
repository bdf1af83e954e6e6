#include <stdio.h>
#include <stdlib.h>
static char pool[1 << 16];
static int at;
static int calls;
void *malloc(size_t n) {
    calls++;
    at += (n + 15) & ~15;
    return pool + at - ((n + 15) & ~15);
}
void free(void *p) {
}
int main(void) {
    char *p = malloc(3);
    printf("%d\n", p != 0 && calls > 0);
    return 0;
}
