#include <iostream>
#include <map>
#include <string>
int main() {
    std::map<int, std::string> m{{1, "works"}};
    std::cout << m[1] << 1.5 << std::endl;
}
