// Who lay where. Filled under a lock (quarantine.cpp), read by the ports' fault handlers without one.
#ifndef TENURE_LIB_OS_QUARANTINE_LEDGER_HPP
#define TENURE_LIB_OS_QUARANTINE_LEDGER_HPP

#include "os.hpp"
#include "quarantine.hpp"

#include <tenure/detail/count.hpp>

#include <cstring>

namespace tenure::inline v1::os {

struct departed {
  // Inverted, or the reference scan would find the end of one module where the next begins. The end is
  // published last when this is filled, and set to the begin first.
  std::uintptr_t inverse_begin = 0;
  std::uintptr_t inverse_end = 0;
  time_point when;
  std::uint64_t thread = 0;
  const char* why = "";
  bool reserved = false; // the addresses are ours; else they are still, or again, somebody else's
  char path[longest_quarantined_path] = {};

  [[nodiscard]] address_range where() const noexcept {
    const std::uintptr_t end = ~detail::read_published(inverse_end);
    return {~inverse_begin, end};
  }
};

// The port's: addresses for nobody. Never over what somebody has mapped there since; false if so.
bool reserve_addresses(const address_range& where) noexcept;
void give_back_addresses(const address_range& where) noexcept;

class quarantine_ledger {
public:
  // The place for the next one; its old addresses are the caller's to give back. Lock held.
  departed& next_place() noexcept { return places_[next_++ % quarantine_room]; }

  static void fill(departed& place, const address_range& where, std::uint64_t thread, const char* path,
                   const char* why) noexcept {
    const std::size_t length = std::strlen(path);
    const std::size_t cut = length < sizeof place.path ? 0 : length - (sizeof place.path - 1);
    std::strncpy(place.path, path + cut, sizeof place.path - 1);
    place.when = now();
    place.thread = thread;
    place.why = why;
    place.inverse_begin = ~where.begin;
    detail::publish_value(place.inverse_end, ~where.end);
  }
  static void empty(departed& place) noexcept {
    detail::publish_value(place.inverse_end, place.inverse_begin);
  }

  [[nodiscard]] const departed* find(std::uintptr_t address) const noexcept {
    for (const departed& place : places_)
      if (place.where().contains(address)) return &place;
    return nullptr;
  }

private:
  departed places_[quarantine_room];
  std::size_t next_ = 0;
};

// Who lay there; null if nobody of ours did. For a fault handler.
[[nodiscard]] const departed* find_departed(std::uintptr_t address) noexcept;

// The explanation, put together without allocating: a fault handler may do little.
class fault_text {
public:
  fault_text& operator<<(const char* text) noexcept {
    while (*text != '\0' && size_ != sizeof text_) text_[size_++] = *text++;
    return *this;
  }
  fault_text& number(std::uint64_t value, unsigned base) noexcept {
    char digits[24];
    std::size_t n = sizeof digits;
    digits[--n] = '\0';
    do digits[--n] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    return *this << digits + n;
  }
  fault_text& explain(const departed& d, std::uintptr_t address) noexcept {
    constexpr std::uint64_t nanoseconds_a_millisecond = 1'000'000;
    const auto ago = static_cast<std::uint64_t>((now() - d.when).nanoseconds) / nanoseconds_a_millisecond;
    *this << "tenure: fault at 0x";
    number(address, 16) << ": " << d.path << "+0x";
    number(address - d.where().begin, 16) << " was unloaded ";
    number(ago, 10) << " ms ago by thread ";
    number(d.thread, 10) << ", " << d.why
                         << ", and something still points into it; keep a tenure::module, symbol or "
                            "instance as long as anything of it is used\n";
    return *this;
  }

  [[nodiscard]] const char* data() const noexcept { return text_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
  char text_[768];
  std::size_t size_ = 0;
};

} // namespace tenure::inline v1::os

#endif
