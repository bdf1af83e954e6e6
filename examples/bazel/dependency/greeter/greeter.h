#pragma once

int greeter_greet(const char *who);
