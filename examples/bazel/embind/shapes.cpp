#include <emscripten/bind.h>

#include <string>

struct Square {
  explicit Square(double side) : side(side) {}
  double area() const { return side * side; }
  double side;
};

static std::string describe(const Square &square) { return "a square of " + std::to_string(int(square.area())); }

EMSCRIPTEN_BINDINGS(shapes) {
  emscripten::class_<Square>("Square").constructor<double>().function("area", &Square::area);
  emscripten::function("describe", &describe);
}
