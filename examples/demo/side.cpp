// A side module: position-independent code, loaded at run time by the main module. It exports what is kept alive.
#include <emscripten.h>

extern "C" EMSCRIPTEN_KEEPALIVE int area(int width, int height) { return width * height; }
