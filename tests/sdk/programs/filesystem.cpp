#include <filesystem>
#include <iostream>
int main() {
    std::filesystem::create_directories("/a/b");
    std::cout << std::filesystem::exists("/a/b") << std::endl;
}
