#include <cstdio>
#include <regex>
int main() {
    std::puts(std::regex_match("abc", std::regex("a.c")) ? "works" : "no");
}
