#include "greeter.h"

#include <stdio.h>

int greeter_greet(const char *who) { return printf("greetings to %s\n", who) < 0; }
