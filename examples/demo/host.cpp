// A main module: it has the libraries, and calls into a side module that was linked without any.
#include <iostream>
#include <stdexcept>

extern "C" int area(int width, int height);

int main() {
  try {
    std::cout << "area from the side module: " << area(6, 7) << "\n";
    throw std::runtime_error("thrown in the main module");
  } catch (const std::exception &error) {
    std::cout << "caught: " << error.what() << "\n";
  }
  return 0;
}
