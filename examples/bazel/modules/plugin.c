#include <emscripten.h>

EMSCRIPTEN_KEEPALIVE int answer(int times) { return 7 * times; }
