// What was measured: a question, who answered it, and all figures.
#ifndef TENURE_BENCH_SPEED_MEASUREMENT_HPP
#define TENURE_BENCH_SPEED_MEASUREMENT_HPP

#include <string>
#include <vector>

namespace bench {

// A floor is what the machine needs for the work alone; raw is the system's loader without any library.
enum class role { ours, peer, raw, floor };

[[nodiscard]] const char* name_of(role r) noexcept;

struct measurement {
  std::string question;
  std::string who;
  role as = role::ours;
  std::string unit;
  std::vector<double> values; // one for each repetition

  [[nodiscard]] double median() const;
  // The middle half of the figures, as a part of the median: what one run differs from the next.
  [[nodiscard]] double spread() const;
};

// How many times as much one figure is as another. Figures of the same rounds are compared round by round.
struct comparison {
  double ratio;
  double spread; // of the ratios, or of both sides where they were not asked together
};
[[nodiscard]] comparison compare(const measurement& a, const measurement& b);

using measurements = std::vector<measurement>;

// Null if nobody asked.
[[nodiscard]] const measurement* find(const measurements& all, const std::string& question,
                                      const std::string& who);
// The least median of a role; null if there is none.
[[nodiscard]] const measurement* best(const measurements& all, const std::string& question, role as);

} // namespace bench

#endif
