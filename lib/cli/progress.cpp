#include "progress.hpp"

#include "os/terminal.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

namespace tenure::cli {
namespace {

constexpr std::size_t few = 20;       // files that are done before anybody has read a bar
constexpr std::size_t widest = 40;    // characters
constexpr std::size_t drawings = 200; // at most so many

} // namespace

progress::progress(std::size_t total)
    : total_(total)
    , shown_(total > few && is_terminal(stream::error) && enable_colours(stream::error)) {}

progress::~progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void progress::step() {
  const auto done = ++done_;
  if (shown_ && (done * drawings / total_ != (done - 1) * drawings / total_)) draw(done == total_);
}

void progress::draw(bool last) {
  std::unique_lock lock(drawing_, std::defer_lock);
  if (last)
    lock.lock();
  else if (!lock.try_lock())
    return; // the next one will be drawn
  const std::size_t done = done_;
  const auto words = fmt::format(" {} of {}", done, total_);
  const auto room = columns(stream::error);
  if (room < words.size() + 1) return;
  const auto width = std::min(widest, room - words.size() - std::min(room - words.size(), std::size_t{3}));
  const auto filled = done * width / total_;
  const auto line =
      width == 0 ? "\r" + words : fmt::format("\r[{:=<{}}{: <{}}]{}", "", filled, "", width - filled, words);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

} // namespace tenure::cli
