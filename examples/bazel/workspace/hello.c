#include <stdio.h>

int main(void) { return puts("hello from a WORKSPACE") < 0; }
