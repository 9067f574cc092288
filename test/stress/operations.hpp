// What the threads of a stress run do, and how often each was done.
#ifndef TENURE_TEST_STRESS_OPERATIONS_HPP
#define TENURE_TEST_STRESS_OPERATIONS_HPP

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace stress {

enum class operation : std::uint8_t {
  open_path,
  open_name,
  open_in_use,
  open_missing,
  open_private_copy,
  open_impatiently,
  adopt,
  find_by_address,
  open_static,
  copy,
  release,
  release_inside,
  weak_lock,
  symbol,
  missing_symbol,
  bind,
  shortcut,
  cached_symbol,
  create,
  factory,
  keyed_object,
  class_object,
  guard,
  exception,
  pin,
  server_lock,
  dependency,
  token,
  shutdown,
  module_thread,
  hand_over,
  sweep,
  sweep_everything,
  sweep_threads,
  sweep_references,
  final_close,
  end_of_manager,
  report,
  invariants,
  count_of_them
};

constexpr std::size_t operation_count = static_cast<std::size_t>(operation::count_of_them);

constexpr std::array<const char*, operation_count> operation_names{"open_path",
                                                                   "open_name",
                                                                   "open_in_use",
                                                                   "open_missing",
                                                                   "open_private_copy",
                                                                   "open_impatiently",
                                                                   "adopt",
                                                                   "by_address",
                                                                   "open_static",
                                                                   "copy",
                                                                   "release",
                                                                   "release_inside",
                                                                   "weak_lock",
                                                                   "symbol",
                                                                   "missing_symbol",
                                                                   "bind",
                                                                   "shortcut",
                                                                   "cached_symbol",
                                                                   "create",
                                                                   "factory",
                                                                   "keyed_object",
                                                                   "class_object",
                                                                   "guard",
                                                                   "exception",
                                                                   "pin",
                                                                   "server_lock",
                                                                   "dependency",
                                                                   "token",
                                                                   "shutdown",
                                                                   "module_thread",
                                                                   "hand_over",
                                                                   "sweep",
                                                                   "sweep_all",
                                                                   "sweep_threads",
                                                                   "sweep_references",
                                                                   "final_close",
                                                                   "end",
                                                                   "report",
                                                                   "invariants"};

// Done to their end; what was refused as it may be (a module was shut down meanwhile) is not counted.
inline std::array<std::atomic<std::uint64_t>, operation_count> done{};

inline void count(operation what) {
  done[static_cast<std::size_t>(what)].fetch_add(1, std::memory_order_relaxed);
}

} // namespace stress

#endif
