#include "greeter.h"

int main(void) { return greeter_greet("a dependency"); }
