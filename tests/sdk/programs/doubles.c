#include <stdio.h>
#include <math.h>
#include <stdlib.h>
int main(int c, char **v) {
    char *p = malloc(40);
    snprintf(p, 40, "%.3f %La %g", sin(c), (long double)c / 3, pow(c, 3));
    puts(p);
    free(p);
    return 0;
}
