#include <thread>
#include <cstdio>
#include <atomic>
int main() {
    std::atomic<int> n{0};
    std::thread t([&] { n++; });
    t.join();
    std::printf("%d\n", n.load());
}
