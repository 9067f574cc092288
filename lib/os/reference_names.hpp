// What stands at an address, in words that a report can show.
#ifndef TENURE_LIB_OS_REFERENCE_NAMES_HPP
#define TENURE_LIB_OS_REFERENCE_NAMES_HPP

#include "handler_tables.hpp"
#include "references.hpp"

namespace tenure::inline v1::os {

// What the kernel holds has no address. It counts as if it stood on the first page, where nothing is.
inline constexpr std::uintptr_t first_signal_place = 0, first_timer_place = 256, end_of_places = 4096;

// Asks the loader, so whoever calls must not keep another thread from leaving it.
class place_names {
public:
  place_names(const module_traits& module, const scan_limits& limits, memory_reader& reader) noexcept
      : module_(module)
      , limits_(limits)
      , reader_(reader) {}

  void describe(const found_word& w, reference_place& out) noexcept;

private:
  place_kind kind_in_memory(const found_word& w, reference_place& out) noexcept;
  bool name_thread_data(std::uintptr_t at, reference_place& out) noexcept;
  bool name_static_data(std::uintptr_t at, reference_place& out) noexcept;
  bool is_in_environment(std::uintptr_t at) noexcept;

  const module_traits& module_;
  const scan_limits& limits_;
  memory_reader& reader_;
};

} // namespace tenure::inline v1::os

#endif
