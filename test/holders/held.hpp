// What the tests of this folder ask a list of holders.
#ifndef TENURE_TEST_HELD_HPP
#define TENURE_TEST_HELD_HPP

#include "support/modules.hpp"

#include <tenure/tenure.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tenure_test {

inline std::string_view file_name(std::string_view path) { return path.substr(path.find_last_of("/\\") + 1); }

// "guard 42, pin 43": kinds and lines in this order, of what was taken in a file of that name.
inline std::string kinds_and_lines(const auto& holders, std::string_view file) {
  std::string text;
  for (const tenure::holder& h : holders) {
    if (file_name(h.taken.file) != file) continue;
    text += (text.empty() ? "" : ", ") + std::string(to_string(h.kind)) + " " + std::to_string(h.taken.line);
  }
  return text;
}

inline std::string entry(tenure::holder_kind kind, unsigned line) {
  return std::string(to_string(kind)) + " " + std::to_string(line);
}

inline std::size_t count(const auto& holders, tenure::holder_kind kind) {
  return static_cast<std::size_t>(
      std::count_if(holders.begin(), holders.end(), [&](const tenure::holder& h) { return h.kind == kind; }));
}

// The one holder of a kind; a kind that is not there, or there twice, has none.
inline tenure::holder only(const auto& holders, tenure::holder_kind kind) {
  tenure::holder found;
  found.count = 0;
  if (count(holders, kind) != 1) return found;
  for (const tenure::holder& h : holders)
    if (h.kind == kind) found = h;
  return found;
}

} // namespace tenure_test

#endif
