#include "format.hpp"

#include <fmt/core.h>

#include <cmath>

namespace bench {
namespace {

std::string in_thousands(const std::string& digits) {
  std::string out;
  for (std::size_t i = 0; i != digits.size(); ++i) {
    const std::size_t left = digits.size() - i;
    if (i != 0 && left % 3 == 0 && digits[i - 1] != '-') out += ',';
    out += digits[i];
  }
  return out;
}

} // namespace

std::string figure(double value) {
  const double size = std::abs(value);
  if (size >= 99.95 || size == std::floor(size)) return in_thousands(fmt::format("{:.0f}", value));
  return fmt::format("{:.{}f}", value, size >= 9.995 ? 1 : size >= 0.0995 ? 2 : 3);
}

std::string with_name(const measurement* m) {
  return m == nullptr ? "-" : fmt::format("{} {}", m->who, figure(m->median()));
}

std::string median_of(const measurement* m) { return m == nullptr ? "-" : figure(m->median()); }

} // namespace bench
