#include <stdarg.h>
int say(const char *, ...);
static int rest(int n, ...) {
    va_list all;
    va_start(all, n);
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += va_arg(all, int);
    va_end(all);
    return sum;
}
int all(int x) { return rest(3, x, x + 1, x + 2) + say("%d", x); }
int all_too(int) __attribute__((alias("all")));
int all_weak(int) __attribute__((weak, alias("all")));
