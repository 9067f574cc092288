#include "figures.hpp"

#include <algorithm>

namespace session {

figures middle_of(std::vector<figures> rounds) {
  const auto failed =
      std::find_if(rounds.begin(), rounds.end(), [](const figures& f) { return !f.completed; });
  if (failed != rounds.end()) return *failed;
  std::sort(rounds.begin(), rounds.end(),
            [](const figures& a, const figures& b) { return loader_ms(a) < loader_ms(b); });
  figures middle = rounds[(rounds.size() - 1) / 2];
  middle.loader_least_ms = loader_ms(rounds.front());
  middle.loader_most_ms = loader_ms(rounds.back());
  return middle;
}

} // namespace session
