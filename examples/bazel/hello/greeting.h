#pragma once

/* Prints a line that says how wide a pointer is. */
int greet(const char *who);
