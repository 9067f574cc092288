// Who holds a module, since when, and from which line of the source.
#ifndef TENURE_HOLDER_HPP
#define TENURE_HOLDER_HPP

#include <tenure/code_location.hpp>
#include <tenure/detail/export.hpp>
#include <tenure/detail/owned.hpp>
#include <tenure/duration.hpp>

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1 {

// What kind of thing holds. All but the last three are references: the module is active while there is one.
enum class holder_kind : unsigned char {
  handle,       // a module
  symbol,       // a symbol
  api,          // an api<...>
  instance,     // an instance
  guard,        // a call under module::enter()
  call,         // a call under module::call()
  controller,   // a controller
  keyed_object, // an object of an instance_table
  class_object, // a client's connection to a class of a class_table
  registration, // a class of a class_table; the name is the class's
  token_source, // an outermost token_source over it
  thread,       // a module_thread
  dependency,   // another module that needs it, see depend(); the name is that module's path
  exception,    // an exception that it let out
  own_code,     // its own code, through tenure_host
  token,        // a token of a source over it: the source is the reference
  pin,          // a pin
  lock,         // the locks of a lock_owner; the name is the owner's
};

// Short names, as they stand in reports: "handle", "own_code".
[[nodiscard]] TENURE_API const char* to_string(holder_kind kind) noexcept;

// One holder. The texts live as long as the list or the report that it is in.
struct holder {
  holder_kind kind = holder_kind::handle; // what it is
  const char* text = "";    // all of it in words: "guard, 0.250 s, thread 4711, main (host.cpp:42)"
  const char* name = "";    // by whom, where that has a name; see holder_kind
  code_location taken;      // where; without a file for what is taken inside the library
  duration age{};           // since then
  std::uint64_t thread = 0; // the system's number of the thread that took it
  std::uint32_t count =
      1; // how many holds of one holder: locks of an owner, references of the module's own code
};

// Holders, the oldest first: those of one entry of a report. Valid as long as the report.
struct holder_range {
  const holder* first = nullptr; // of `n` in a row
  std::size_t n = 0; // how many
  [[nodiscard]] const holder* begin() const noexcept { return first; }
  [[nodiscard]] const holder* end() const noexcept { return first + n; }
  [[nodiscard]] std::size_t size() const noexcept { return n; }
  [[nodiscard]] bool empty() const noexcept { return n == 0; }
};

namespace detail {
struct record;
struct holder_data;
TENURE_API void free_holders(holder_data* data) noexcept;
} // namespace detail

// All who hold one module at one moment, the oldest first. Where a source file is compiled without
// TENURE_TRACK_HOLDERS, what it holds is not listed, but counted as unlisted(). Handles do not grow by it;
// each copy, move and end of one takes a lock and looks its address up. When not to use it: to decide
// anything; the list is out of date when it is there. Obtained from: module::holders(); a move. Not copyable.
// Threads: as an int.
//
//   for (const tenure::holder& h : codec.holders()) std::puts(h.text);
class [[nodiscard]] holder_list {
public:
  holder_list() noexcept = default;
  // The library's: see module::holders().
  explicit holder_list(detail::holder_data* data) noexcept
      : data_(data) {}

  [[nodiscard]] TENURE_API const holder* begin() const noexcept;
  [[nodiscard]] TENURE_API const holder* end() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(end() - begin()); }
  [[nodiscard]] bool empty() const noexcept { return begin() == end(); }
  // References and pins of the module beyond those that are listed. Roughly: others may take and drop some
  // meanwhile.
  [[nodiscard]] TENURE_API std::uint32_t unlisted() const noexcept;
  // False if memory ran out, now or when something was taken: what is listed is right, but not all.
  [[nodiscard]] TENURE_API bool complete() const noexcept;

private:
  detail::owned<detail::holder_data, detail::free_holders> data_;
};

namespace detail {
[[nodiscard]] TENURE_API holder_list holders_of(record& r) noexcept;
} // namespace detail

} // namespace tenure::inline v1

#endif
