#include <stdio.h>
#include <stdlib.h>
#include <locale.h>
#include <wchar.h>
static int by(const void *a, const void *b) {
    return *(int *)a - *(int *)b;
}
int main(void) {
    int n[] = {3, 1, 2};
    qsort(n, 3, 4, by);
    setlocale(LC_ALL, "");
    wprintf(L"%d %ls\n", n[0], L"works");
    return 0;
}
