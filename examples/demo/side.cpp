// A side module: position-independent code, loaded at run time by the main module.
extern "C" int area(int width, int height) { return width * height; }
