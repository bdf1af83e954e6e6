#include <emscripten.h>
#include <stdio.h>
EM_JS(void, hello, (void), { out(UTF8ToString(stringToNewUTF8("works"))); });
int main(void) {
    hello();
    return 0;
}
