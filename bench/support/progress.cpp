#include "progress.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace bench {
namespace {

constexpr std::size_t bar_width = 40; // characters

std::string bar_of(std::size_t hundredths) {
  const std::size_t full = hundredths * bar_width / 100;
  return std::string(full, '#') + std::string(bar_width - full, '.');
}

} // namespace

progress::progress()
    : terminal_(isatty(STDERR_FILENO) == 1) {}

void progress::begin(std::string what, std::size_t total) {
  what_ = std::move(what);
  total_ = std::max<std::size_t>(total, 1);
  shown_ = 101; // nothing yet
  set(0);
}

void progress::set(std::size_t done) {
  const std::size_t hundredths = std::min<std::size_t>(done * 100 / total_, 100);
  if (!terminal_ || hundredths == shown_) return;
  shown_ = hundredths;
  fmt::print(stderr, "\r\033[K{:<23} [{}] {:3} %", what_, bar_of(hundredths), hundredths);
  std::fflush(stderr);
}

void progress::end(const std::string& result) {
  fmt::print(stderr, "{}{:<23} {}\n", terminal_ ? "\r\033[K" : "", what_, result);
}

} // namespace bench
