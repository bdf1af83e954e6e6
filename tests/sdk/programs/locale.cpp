#include <sstream>
#include <iomanip>
#include <cstdio>
int main() {
    std::ostringstream o;
    o << std::setprecision(3) << std::hex << 255 << " " << std::fixed << 2.0;
    std::puts(o.str().c_str());
}
