#include <stdio.h>
#include <string.h>
#include <time.h>
int main(void) {
    float f;
    struct tm t = {0};
    char b[50];
    sscanf("2.5", "%f", &f);
    t.tm_year = 99;
    t.tm_mday = 1;
    strftime(b, 50, "%Y-%m-%d", &t);
    printf("%s %.1f\n", b, f);
}
