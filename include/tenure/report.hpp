// The truth about an unload: per module what became of it, and why.
#ifndef TENURE_REPORT_HPP
#define TENURE_REPORT_HPP

#include <tenure/detail/export.hpp>
#include <tenure/detail/owned.hpp>
#include <tenure/duration.hpp>
#include <tenure/failure.hpp>
#include <tenure/holder.hpp>

#include <cstddef>
#include <cstdint>

namespace tenure::inline v1 {

// What has become of a module.
enum class unload_outcome : unsigned char {
  gone,      // closed, and looked at: no longer mapped
  lingering, // closed by us, still mapped; see reason and detail
  deferred,  // not closed yet: its code is in use on a stack; tried again at the next safe point
  vetoed,    // not closed: the module's own vote says no
  pinned,    // not closed: pins hold it
  busy,      // not closed: references hold it
  idle,      // not closed: the policy keeps it
  kept, // the life cycle ended, the pages stay by the policy's wish (resident), or it is part of the program
  failed, // the system refused to close it; see detail
};

// Why a module is still mapped after its close.
enum class linger_reason : unsigned char {
  none,
  nodelete_flag,          // linked with -z nodelete, or opened with RTLD_NODELETE
  unique_symbol,          // defines a STB_GNU_UNIQUE symbol
  tls_destructor_pending, // a thread still has to run a thread_local's destructor of it
  needed_by,              // a loaded module has it in its DT_NEEDED
  bound_back,             // a resident library bound a symbol to it
  other_holder,           // somebody else opened it too
  loader_never_unloads,   // musl; macOS for some images
  unknown,
};

// Short names, as they stand in reports: "gone", "unique_symbol".
[[nodiscard]] TENURE_API const char* to_string(unload_outcome outcome) noexcept;
// As above.
[[nodiscard]] TENURE_API const char* to_string(linger_reason reason) noexcept;

// One module of a report. The texts live as long as the report.
struct unload_entry {
  const char* path = ""; // the file as it was opened, or its name
  const char* detail = ""; // a sentence: the evidence, and the cure
  unload_outcome outcome = unload_outcome::gone; // what has become of it
  linger_reason reason = linger_reason::none; // why it is still there, if it was closed
  errc violation = errc::ok; // what its own hooks or vote did wrong: hook_threw, not_an_answer; see detail
  bool file_replaced = false; // the file at `path` is no longer the one that is mapped
  std::uint32_t references = 0; // that hold it
  std::uint32_t pins = 0; // that keep it resident
  std::uint64_t loads = 0; // how often the manager has loaded it since it was last gone
  duration took{};         // the close itself, if there was one
  holder_range holders{};  // by whom it is held, in builds with TENURE_TRACK_HOLDERS; the oldest first
  duration retry_wait{};   // of a close that any thread may try again: how long until a sweeper does, twice as long each time
};

namespace detail {
struct report_data;
TENURE_API void free_report(report_data* data) noexcept;
} // namespace detail

// What sweep() and final_close() did, and what report() sees.
// Obtained from: a manager; a move. Not copyable. Threads: as an int.
class [[nodiscard]] unload_report {
public:
  unload_report() noexcept = default;
  // The library's: see manager.
  explicit unload_report(detail::report_data* data) noexcept
      : data_(data) {}

  [[nodiscard]] TENURE_API const unload_entry* begin() const noexcept;
  [[nodiscard]] TENURE_API const unload_entry* end() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(end() - begin()); }
  [[nodiscard]] bool empty() const noexcept { return begin() == end(); }
  // How many modules have this outcome.
  [[nodiscard]] TENURE_API std::size_t count(unload_outcome outcome) const noexcept;
  // True if nothing of the report is still mapped.
  [[nodiscard]] bool all_gone() const noexcept { return count(unload_outcome::gone) == size() && complete(); }
  // False if memory for entries ran out: what happened is right, but not all of it is listed.
  [[nodiscard]] TENURE_API bool complete() const noexcept;

private:
  detail::owned<detail::report_data, detail::free_report> data_;
};

// Counts since the manager was made.
struct manager_stats {
  std::uint64_t opens = 0;    // opens that went past the lock-free look-up
  std::uint64_t loads = 0;    // the system's loader was asked and succeeded
  std::uint64_t failures = 0; // opens that failed
  std::uint64_t revives = 0;  // idle -> active without a load
  std::uint64_t closes = 0;   // the system's loader was asked to close
  std::uint64_t lingers = 0;  // of these, still mapped afterwards
  std::uint64_t deferrals = 0; // closes that had to wait
  std::uint64_t vetoes = 0; // closes that a module's vote refused
  std::uint32_t resident = 0; // modules with a record now, lingering ones included
  std::uint32_t active = 0;   // of these, with references
  std::uint32_t idle = 0;      // loaded without one, pinned ones included
  std::uint32_t waiting = 0;   // of the idle ones: a close is put off, by the departure check or by their vote
  std::uint32_t lingering = 0; // closed, and still mapped when last looked at
  duration loading{};         // time spent in the system's loader to open
  duration closing{};         // and to close
  std::uint64_t events = 0;      // noted for an observer
  std::uint64_t events_lost = 0; // of these, never told: no memory, or nobody to tell any more
};

} // namespace tenure::inline v1

#endif
