#include "throwers.hpp"

#include <tenure/detail/count.hpp>

#include <cstring>

namespace tenure::inline v1::detail {
namespace {

constexpr std::uint32_t room = 16;
constexpr std::size_t longest_path = 512; // bytes that a message shows

struct thrower {
  os::file_identity file;
  std::uint64_t thread;
  char path[longest_path];
};

// Process-wide, as the loader's lock is. Filled once each, in the order in which places were taken.
constinit thrower throwers[room]{};
constinit std::uint32_t taken = 0; // places that somebody writes or has written
constinit std::uint32_t ready = 0; // published; all before it are complete

constinit std::uint32_t threads_seen = 0;

// A thread's number: its address would be another thread's when it has ended.
std::uint32_t this_thread_number() noexcept {
  static thread_local constinit std::uint32_t number = 0;
  if (number == 0) number = take_number(threads_seen) + 1;
  return number;
}

template <class Matches> const thrower* find(Matches&& matches) noexcept {
  const std::uint32_t count = read_published(ready);
  for (std::uint32_t i = 0; i != count; ++i)
    if (matches(throwers[i])) return &throwers[i];
  return nullptr;
}

} // namespace

void note_thrower(const os::file_identity& file, const char* path) noexcept {
  const std::uint32_t place = take_number(taken);
  if (place >= room) return;
  thrower& t = throwers[place];
  t.file = file;
  t.thread = this_thread_number();
  std::strncpy(t.path, path, longest_path - 1);
  while (read_published(ready) != place) {
  } // whoever took the place before is a few instructions from here
  publish_value(ready, place + 1);
}

const char* loader_blocked_by() noexcept {
  if (read_published(ready) == 0) return nullptr;
  const std::uint32_t me = this_thread_number();
  const thrower* const t = find([me](const thrower& one) { return one.thread != me; });
  return t != nullptr ? t->path : nullptr;
}

bool threw_before(const os::file_identity& file) noexcept {
  return find([&file](const thrower& one) { return one.file == file; }) != nullptr;
}

} // namespace tenure::inline v1::detail
