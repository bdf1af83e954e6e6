#include <stdio.h>
__attribute__((weak)) int there_is_no_such(void);
__attribute__((weak)) double cbrt(double);
int main(void) {
    printf("%d %d\n", there_is_no_such != 0, cbrt != 0);
    return 0;
}
