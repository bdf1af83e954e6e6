#include <stdio.h>
int main(void) {
    puts("works");
    return 0;
}
