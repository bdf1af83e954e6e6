#include <cstdio>
#include <stdexcept>
#include <vector>
int main() {
    try {
        std::vector<int>().at(3);
    }
    catch (const std::exception &e) {
        std::puts(e.what());
    }
}
