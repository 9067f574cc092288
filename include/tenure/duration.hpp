// Time as policies see it: nanoseconds, converted from and comparable with anything that looks like
// std::chrono::duration. <chrono> itself would cost each user more compile time than the whole library.
#ifndef TENURE_DURATION_HPP
#define TENURE_DURATION_HPP

#include <compare>
#include <cstdint>

namespace tenure::inline v1 {

// A length of time in nanoseconds; also a point in time, as nanoseconds since the manager's clock began.
// Structural, so that it can be a template argument: keep_warm<4, seconds(10)>.
struct duration {
  std::int64_t nanoseconds = 0; // may be negative

  constexpr duration() noexcept = default;
  // From nanoseconds.
  explicit constexpr duration(std::int64_t ns) noexcept
      : nanoseconds(ns) {}
  // From std::chrono: the value times the period, rounded towards zero.
  template <class D>
  requires requires(const D& d) {
    d.count();
    D::period::num;
    D::period::den;
  }
  constexpr duration(const D& d) noexcept // NOLINT(google-explicit-constructor): 10s is a duration
      : nanoseconds(
            static_cast<std::int64_t>(d.count() * (D::period::num * 1'000'000'000 / D::period::den))) {}

  friend constexpr auto operator<=>(const duration&, const duration&) noexcept = default;
  // Both wrap round, as the clocks of small systems do.
  friend constexpr duration operator+(duration a, duration b) noexcept {
    return duration(static_cast<std::int64_t>(static_cast<std::uint64_t>(a.nanoseconds) +
                                              static_cast<std::uint64_t>(b.nanoseconds)));
  }
  // As operator+.
  friend constexpr duration operator-(duration a, duration b) noexcept {
    return duration(static_cast<std::int64_t>(static_cast<std::uint64_t>(a.nanoseconds) -
                                              static_cast<std::uint64_t>(b.nanoseconds)));
  }
};
using time_point = duration; // since the manager's clock began

// n microseconds.
[[nodiscard]] constexpr duration microseconds(std::int64_t n) noexcept { return duration(n * 1'000); }
// n milliseconds.
[[nodiscard]] constexpr duration milliseconds(std::int64_t n) noexcept { return duration(n * 1'000'000); }
// n seconds.
[[nodiscard]] constexpr duration seconds(std::int64_t n) noexcept { return duration(n * 1'000'000'000); }
// n minutes.
[[nodiscard]] constexpr duration minutes(std::int64_t n) noexcept { return seconds(n * 60); }

// Later than everything: nothing is due.
inline constexpr time_point never{INT64_MAX};

} // namespace tenure::inline v1

#endif
