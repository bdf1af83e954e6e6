#include <emscripten.h>
#include <stdio.h>
EM_JS(void, hello, (int n), { console.log("works " + n); });
int main(void) {
    hello(3);
    return 0;
}
