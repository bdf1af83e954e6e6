#include <cstdio>
#include <memory>
#include <functional>
struct S {
    S() {
        std::puts("made");
    }
    ~S() {
        std::puts("gone");
    }
} s;
int main() {
    auto p = std::make_shared<int>(3);
    std::function<int()> f = [p] { return *p; };
    std::printf("%d\n", f());
}
