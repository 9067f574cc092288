// PE and Mach-O: the system's own look-up is asked.
#include "os/symbol_tables.hpp"

namespace tenure::inline v1::os {

symbol_table::symbol_table(const void*, std::uintptr_t, address_range) noexcept {}

// GetProcAddress knows no thread-local variables; dlsym on macOS does.
symbol_answer symbol_table::find(const char*, std::uint32_t) const noexcept {
  symbol_answer answer;
#if !defined(__APPLE__)
  answer.for_all_threads = true;
#endif
  return answer;
}
std::uint32_t symbol_table::gnu_hash_of(const char*, std::size_t) noexcept { return 0; }
symbol_table own_table(void*, const mapped_image&) noexcept { return {}; }
bool dependency_tables(void*, symbol_table*, std::size_t, std::size_t& count) noexcept {
  count = 0;
  return false;
}

} // namespace tenure::inline v1::os
