// Time as policies see it: nanoseconds, converted from and comparable with anything that looks like
// std::chrono::duration. <chrono> itself would cost each user more compile time than the whole library.
#ifndef TENURE_DURATION_HPP
#define TENURE_DURATION_HPP

#include <compare>
#include <cstdint>

namespace tenure::inline v1::detail {

[[nodiscard]] constexpr std::int64_t shared_factor(std::int64_t a, std::int64_t b) noexcept {
  return b == 0 ? a : shared_factor(b, a % b);
}

// n * Times / By, rounded towards zero; the nearest there is if that is too much.
template <std::int64_t Times, std::int64_t By, class N> constexpr std::int64_t scale(N n) noexcept {
  constexpr N zero{};
  const std::int64_t most = n < zero ? INT64_MIN : INT64_MAX;
  if constexpr (N(1) / N(2) != zero) { // a fraction: of a type whose steps are wide out there
    const auto scaled = static_cast<long double>(n) * Times / By;
    return scaled > -0x1p63L && scaled < 0x1p63L ? static_cast<std::int64_t>(scaled) : most;
  } else {
    constexpr std::int64_t times = Times / shared_factor(Times, By);
    constexpr std::int64_t by = By / shared_factor(Times, By);
    std::int64_t whole = 0; // of those that make up one unit more
    if (__builtin_mul_overflow(n / by, times, &whole)) return most;
    return __builtin_add_overflow(whole, n % by * times / by, &whole) ? most : whole;
  }
}

} // namespace tenure::inline v1::detail

namespace tenure::inline v1 {

// A length of time in nanoseconds; also a point in time, as nanoseconds since the manager's clock began.
// Structural, so that it can be a template argument: keep_warm<4, seconds(10)>.
struct duration {
  std::int64_t nanoseconds = 0; // may be negative

  constexpr duration() noexcept = default;
  // From nanoseconds.
  explicit constexpr duration(std::int64_t ns) noexcept
      : nanoseconds(ns) {}
  // From std::chrono: the value times the period, rounded towards zero; what is too long (hours::max()) is
  // the longest there is, which is `never`.
  template <class D>
  requires requires(const D& d) {
    d.count();
    D::period::num;
    D::period::den;
  }
  constexpr duration(const D& d) noexcept // NOLINT(google-explicit-constructor): 10s is a duration
      : nanoseconds(detail::scale<D::period::num * 1'000'000'000, D::period::den>(d.count())) {}

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

// n microseconds; these, too, are the longest there is where that is too long.
[[nodiscard]] constexpr duration microseconds(std::int64_t n) noexcept {
  return duration(detail::scale<1'000, 1>(n));
}
// n milliseconds.
[[nodiscard]] constexpr duration milliseconds(std::int64_t n) noexcept {
  return duration(detail::scale<1'000'000, 1>(n));
}
// n seconds.
[[nodiscard]] constexpr duration seconds(std::int64_t n) noexcept {
  return duration(detail::scale<1'000'000'000, 1>(n));
}
// n minutes.
[[nodiscard]] constexpr duration minutes(std::int64_t n) noexcept {
  return duration(detail::scale<60'000'000'000, 1>(n));
}

// Later than everything: nothing is due. As a delay: for ever.
inline constexpr time_point never{INT64_MAX};

// `delay` after `t`, round the clock if it must be; `never` if the delay is more than a century.
[[nodiscard]] constexpr time_point later(time_point t, duration delay) noexcept {
  constexpr duration half_of_the_clock{INT64_MAX / 2}; // nanoseconds: 146 years
  return delay < half_of_the_clock ? t + delay : never;
}

} // namespace tenure::inline v1

#endif
