#include "measurement.hpp"

#include <algorithm>
#include <cmath>

namespace bench {
namespace {

// Between the two nearest figures. Pre: sorted, not empty.
double quantile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return std::lerp(sorted[low], sorted[high], place - static_cast<double>(low));
}

std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

} // namespace

const char* name_of(role r) noexcept {
  constexpr const char* names[] = {"ours", "peer", "raw", "floor"};
  return names[static_cast<unsigned>(r)];
}

double measurement::median() const { return values.empty() ? 0 : quantile(sorted(values), 0.5); }

double measurement::spread() const {
  if (values.empty()) return 0;
  const std::vector<double> s = sorted(values);
  const double middle = quantile(s, 0.5);
  return middle == 0 ? 0 : (quantile(s, 0.75) - quantile(s, 0.25)) / std::abs(middle);
}

comparison compare(const measurement& a, const measurement& b) {
  if (a.question != b.question || a.values.size() != b.values.size())
    return {a.median() / b.median(), a.spread() + b.spread()};
  measurement ratios;
  for (std::size_t i = 0; i != a.values.size(); ++i) ratios.values.push_back(a.values[i] / b.values[i]);
  return {ratios.median(), ratios.spread()};
}

const measurement* find(const measurements& all, const std::string& question, const std::string& who) {
  const auto it = std::find_if(all.begin(), all.end(),
                               [&](const measurement& m) { return m.question == question && m.who == who; });
  return it == all.end() ? nullptr : &*it;
}

const measurement* best(const measurements& all, const std::string& question, role as) {
  const measurement* least = nullptr;
  for (const measurement& m : all)
    if (m.question == question && m.as == as && (least == nullptr || m.median() < least->median()))
      least = &m;
  return least;
}

} // namespace bench
