// Why something failed: the cause as a value, and the whole story as text.
#ifndef TENURE_FAILURE_HPP
#define TENURE_FAILURE_HPP

#include <tenure/detail/export.hpp>

namespace tenure::inline v1 {

// One value per cause. Zero is success. Values are never reused.
enum class errc : int {
  ok = 0,
  // the name that was given
  path_empty = 1,
  path_contains_nul = 2,
  path_too_long = 3,
  path_not_utf8 = 4,
  name_missing = 5, // a null pointer where a text is due
  // the file
  file_not_found = 10,
  permission_denied = 11,
  not_a_regular_file = 12, // directory, FIFO, device, socket
  file_empty = 13,
  file_truncated = 14,
  file_damaged = 15,
  not_a_shared_library = 16, // text, archive, object file, executable
  foreign_machine = 17,
  file_unreadable = 18,
  old_image_still_mapped = 19,
  private_copy_failed = 20,
  // the system's loader
  dlopen = 30, // or LoadLibraryExW: the call failed for a reason of its own, see system_text()
  dlopen_unknown = 31,
  missing_dependency = 32,
  undefined_symbol = 33,
  static_tls_exhausted = 34,
  initializer_threw = 35,
  dlclose = 36,
  dlclose_unknown = 37,
  unsupported = 38,
  finalizer_threw = 39,
  loader_blocked = 40, // for ever, by an initialiser or finaliser that threw on another thread
  trial_failed = 41,   // the module ended the child process in which it was loaded first
  loader_busy = 42,    // with another thread's call, for longer than the patience given
  // symbols
  symbol_not_found = 50,
  api_incomplete = 51,
  factory_returned_null = 52,
  symbol_kind_mismatch = 53, // a variable taken for a function, or the other way round
  // the module's own word
  refused_by_module = 60,
  api_version_mismatch = 61,
  interface_mismatch = 62, // the stamp of the class that an object is used through
  hook_threw = 63,         // an exception left one of its exported functions
  not_an_answer = 64,      // its vote was neither yes nor no
  no_such_factory = 65,
  // state
  not_loaded = 70,
  module_is_loading = 71, // by this very thread: a module that opens itself in its initialiser
  module_is_closing = 72, // by this very thread: a module that opens itself in its finaliser
  manager_closed = 73,
  empty_handle = 74,
  no_module_at_address = 75,
  already_registered = 76,
  foreign_handle = 77,
  // lifetimes that are ended on purpose
  token_unknown = 80,
  token_already_revoked = 81,
  lifetime_ended = 82,
  module_shut_down = 83,
  calls_in_flight = 84,
  key_null = 85,
  key_stale = 86, // its object is gone
  key_unknown = 87,
  interface_not_found = 88,
  module_vetoed = 89, // its shutdown: the module's own vote said no
  // holds by name, and registered classes
  not_locked = 110, // by this owner
  dependency_cycle = 111,
  registration_unknown = 112, // never this table's
  registration_revoked = 113,
  class_not_registered = 114, // or suspended, or used up
  server_stopping = 115,
  object_disconnected = 116,
  no_implementation = 117,   // no plug-in of the catalog fits
  key_of_another_type = 118, // its object was created as something else
  // observers
  already_observed = 120,   // a manager has one observer
  empty_observer = 121,     // no function to call
  events_not_written = 122, // the file for a trace, a record or a log
  // resources
  out_of_memory = 90,
  thread_not_started = 91,
};

namespace detail {
struct failure_text; // the library's: one shared allocation
struct failure_access;
struct code_only {}; // marks a failure that nobody will ask for its text
} // namespace detail

// Holds why a call failed, or nothing.
// When not to use it: where a std::error_code is enough; every call that takes a failure takes that too.
// Obtained from: an empty one handed to a call that can fail; error::why(). A copy shares the text; a
// moved-from one is empty. Threads: as an int; copies may be used on other threads.
class failure {
public:
  failure() noexcept = default;
  // The library's: one that is never asked for its text.
  explicit failure(detail::code_only) noexcept
      : code_only_(true) {}
  TENURE_API failure(const failure& other) noexcept;
  failure(failure&& other) noexcept
      : text_(other.text_)
      , code_(other.code_) {
    other.text_ = nullptr;
    other.code_ = errc::ok;
  }
  failure& operator=(const failure& other) noexcept {
    failure copy(other);
    swap(*this, copy);
    return *this;
  }
  failure& operator=(failure&& other) noexcept {
    failure taken(static_cast<failure&&>(other));
    swap(*this, taken);
    return *this;
  }
  ~failure() {
    if (text_ != nullptr) drop();
  }
  friend void swap(failure& a, failure& b) noexcept {
    const failure_parts t{a.text_, a.code_};
    a.text_ = b.text_;
    a.code_ = b.code_;
    b.text_ = t.text;
    b.code_ = t.code;
  }

  // True if something failed.
  explicit operator bool() const noexcept { return code_ != errc::ok; }
  // The cause; errc::ok if nothing failed.
  [[nodiscard]] errc code() const noexcept { return code_; }
  // The whole message: the file, the system's call, the system's own text, and what to do. Never null.
  [[nodiscard]] TENURE_API const char* what() const noexcept;
  // The file, or the name as it was given. "" if there is none.
  [[nodiscard]] TENURE_API const char* path() const noexcept;
  // What is missing: a dependency's file name, a symbol, or several of them separated by ", ". "" if not
  // known.
  [[nodiscard]] TENURE_API const char* missing() const noexcept;
  // The system's call that failed, "" if none did, and its own words and number.
  [[nodiscard]] TENURE_API const char* call() const noexcept;
  // The system's own words; "" if it said nothing.
  [[nodiscard]] TENURE_API const char* system_text() const noexcept;
  // Its number; 0 if it gave none.
  [[nodiscard]] TENURE_API int system_code() const noexcept;

private:
  friend struct detail::failure_access;
  struct failure_parts {
    detail::failure_text* text;
    errc code;
  };
  TENURE_API void drop() noexcept;

  detail::failure_text* text_ = nullptr; // null also where memory for it was refused
  errc code_ = errc::ok;
  bool code_only_ = false; // not copied, moved or swapped: it belongs to the place
};

namespace detail {

// Throws tenure::error. Kept out of line and out of the headers of handles: <system_error> is heavy.
[[noreturn]] TENURE_API void raise(failure&& why);

// What a call may report into instead of throwing: std::error_code, or tenure::failure for the whole story.
template <class S>
concept code_sink = requires(S& sink, errc code) {
  sink = code;
};

inline void report_into(failure& sink, failure&& why) noexcept { sink = static_cast<failure&&>(why); }
template <code_sink S> void report_into(S& sink, failure&& why) { sink = why.code(); }

// What to hand to the library for a sink of type S: text is not made for those that have no room for it.
template <class S> failure failure_for() noexcept {
  if constexpr (code_sink<S>)
    return failure(code_only());
  else
    return {};
}

template <class S>
concept error_sink = requires(S& sink, failure&& why) {
  report_into(sink, static_cast<failure&&>(why));
};

} // namespace detail
} // namespace tenure::inline v1

#endif
