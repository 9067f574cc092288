// All modules of a manager as they were at one moment, and the same in words.
#ifndef TENURE_MODULE_LIST_HPP
#define TENURE_MODULE_LIST_HPP

#include <tenure/detail/owned.hpp>
#include <tenure/report.hpp>
#include <tenure/text.hpp>

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1 {

// What becomes of a module while its manager knows it.
enum class module_state : unsigned char { loading, active, idle, closing, lingering };
// "active".
[[nodiscard]] TENURE_API const char* to_string(module_state state) noexcept;

// One module. The texts live as long as the list.
struct module_info {
  const char* path = "";                      // absolute; a static module's name
  const char* name = "";                      // the last part of it
  const char* detail = "";                    // why it is not closed, or why it lingers: as in the report
  const char* holders = "";                   // who keeps it, by name: modules that need it, owners of locks
  module_state state = module_state::loading; // right then
  // What a report says of it: busy, pinned, idle, deferred, vetoed, lingering, kept.
  unload_outcome outcome = unload_outcome::busy;
  linger_reason reason = linger_reason::none; // of one that lingers
  bool is_static = false;                     // linked into the program
  bool file_replaced = false;                 // and the new one is loaded beside it
  std::uint32_t references = 0;               // strong ones
  std::uint32_t pins = 0;                     // held
  std::uint64_t life = 0;                     // as event::life; 0 while it is being loaded
  // `never`: it is not, or nobody asked the clock (a policy without times, and no observer).
  time_point idle_since = never;
  duration load_time{};          // what the system took to load it
  const void* address = nullptr; // of the image; null: not known, or static
  std::size_t bytes = 0;         // of address space
  // By whom it is held, in builds with TENURE_TRACK_HOLDERS; the oldest first. Looked at right after the rest.
  holder_range held_by{};
};

namespace detail {
struct module_list_data;
TENURE_API void free_modules(module_list_data* data) noexcept;
} // namespace detail

// What manager::modules() saw: the modules, the counts and the time, all of one moment, in which nobody
// loaded, closed, revived or let go; counts of handles of what is in use may have changed between two
// modules.
//
// Obtained from: manager::modules(); a move. Not copyable. Threads: as an int.
class [[nodiscard]] module_list {
public:
  module_list() noexcept = default;
  // The library's: see manager::modules().
  explicit module_list(detail::module_list_data* data) noexcept
      : data_(data) {}

  // In the order in which they were loaded.
  [[nodiscard]] TENURE_API const module_info* begin() const noexcept;
  [[nodiscard]] TENURE_API const module_info* end() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(end() - begin()); }
  [[nodiscard]] bool empty() const noexcept { return begin() == end(); }
  // What the manager had counted by then.
  [[nodiscard]] TENURE_API manager_stats stats() const noexcept;
  // The moment, on the manager's clock.
  [[nodiscard]] TENURE_API time_point at() const noexcept;
  // False if memory ran out: then it is empty, or modules are missing.
  [[nodiscard]] TENURE_API bool complete() const noexcept;

private:
  detail::owned<detail::module_list_data, detail::free_modules> data_;
};

// How manager::dump() says it: for people, a line for each module, or for programs.
enum class dump_format : unsigned char { lines, json };

namespace detail {
struct registry;
TENURE_API module_list modules_of(registry& g) noexcept;
// Errors: out_of_memory.
[[nodiscard]] TENURE_API text dump_of(registry& g, dump_format format);
} // namespace detail

} // namespace tenure::inline v1

#endif
