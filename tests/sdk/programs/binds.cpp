#include <emscripten/bind.h>
#include <cstdio>
int two() {
    return 2;
}
EMSCRIPTEN_BINDINGS(m) {
    emscripten::function("two", &two);
}
int main() {
    std::puts("works");
}
