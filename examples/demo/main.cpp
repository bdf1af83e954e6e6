// Streams, containers and exceptions: most of the C++ library, in whatever mode this is compiled.
#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

static std::map<std::string, int> count_words(const std::string &text) {
  std::map<std::string, int> counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) ++counts[word];
  if (counts.empty()) throw std::invalid_argument("no words");
  return counts;
}

int main() {
  std::vector<std::pair<int, std::string>> ranking;
  for (const auto &[word, count] : count_words("the cat and the hat and the bat")) ranking.emplace_back(count, word);
  std::sort(ranking.rbegin(), ranking.rend());
  std::cout << "pointers of " << 8 * sizeof(void *) << " bits; most frequent: " << ranking[0].second << " ("
            << ranking[0].first << ")\n";
  try {
    count_words("");
  } catch (const std::exception &error) {
    std::cout << "caught: " << error.what() << "\n";
    return 0;
  }
  return 1;
}
