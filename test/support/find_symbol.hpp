#ifndef TENURE_TEST_FIND_SYMBOL_HPP
#define TENURE_TEST_FIND_SYMBOL_HPP

#include "image/image.hpp"

#include <string_view>
#include <vector>

namespace tenure_test {

inline const tenure::image::symbol* find_symbol(const std::vector<tenure::image::symbol>& symbols,
                                                std::string_view name) {
  for (const auto& each : symbols)
    if (each.name == name) return &each;
  return nullptr;
}

} // namespace tenure_test

#endif
