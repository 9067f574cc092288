// Events are noted under the registry's mutex, in the order in which they happen, and told afterwards,
// without it.
//
// Revives of parked modules take no mutex, and so does the end of such a revival. Therefore a registry that
// is observed parks nothing (settle_locked): each revive and each last release comes to the mutex, and the
// paths of handles are the same with an observer and without. Who is not observed pays one look at `desk`
// wherever an event would be noted or told.
//
// With TENURE_NO_EVENTS not even that: a build for those who never look. manager::observe then fails.
#ifndef TENURE_LIB_EVENTS_HPP
#define TENURE_LIB_EVENTS_HPP

#include "registry.hpp"

#include <tenure/event.hpp>

namespace tenure::inline v1::detail {

#if defined(TENURE_NO_EVENTS)
inline constexpr bool events_exist = false;
#else
inline constexpr bool events_exist = true;
#endif

// What an event says beside the module. The texts are copied.
struct event_particulars {
  duration took{};
  std::uint64_t bytes = 0;
  const char* detail = "";
  const char* path = ""; // of an event without a module
  linger_reason reason = linger_reason::none;
  errc error = errc::ok;
  std::uint32_t count = 0;
};

[[nodiscard]] inline bool has_desk(const registry& g) noexcept {
  if constexpr (events_exist) return glance(g.desk) != nullptr;
  return false;
}

// Somebody is told now. Needs the mutex.
[[nodiscard]] bool is_observed_locked(const registry& g) noexcept;

// `r`: null for an event without a module. Needs the mutex. Allocates for texts, and where more than 128
// events wait.
void put_event_locked(registry& g, event_kind kind, const module_record* r,
                      const event_particulars& more) noexcept;

inline void note_locked(registry& g, event_kind kind, const module_record& r) noexcept {
  if (has_desk(g)) put_event_locked(g, kind, &r, {});
}
inline void note_locked(registry& g, event_kind kind, const module_record& r, const char* detail) noexcept {
  if (!has_desk(g)) return;
  event_particulars more;
  more.detail = detail;
  put_event_locked(g, kind, &r, more);
}

// A module is in use for the first time in this life. Needs the mutex.
void put_opened_locked(registry& g, const module_record& r, bool loaded_for_it, duration took) noexcept;

// An open failed: counted, and noted. Without the mutex.
void note_failure(registry& g, const failure& why) noexcept;

// Without the mutex, where this thread is about to return to whoever called Tenure. While it is inside the
// loader, or in the middle of something (quiet_scope), what is noted is left for the end of that.
void tell_slowly(registry& g) noexcept;
inline void tell_events(registry& g) noexcept {
  if constexpr (events_exist)
    if (has_desk(g) || sync::this_thread().untold != nullptr) tell_slowly(g);
}

// In the middle of an operation that calls code of modules: they may use the manager, but nobody is told yet.
class quiet_scope {
public:
  explicit quiet_scope(const registry& g) noexcept
      : quiet_(has_desk(g)) {
    if (quiet_) ++sync::this_thread().quiet;
  }
  quiet_scope(const quiet_scope&) = delete;
  quiet_scope& operator=(const quiet_scope&) = delete;
  ~quiet_scope() {
    if (quiet_) --sync::this_thread().quiet;
  }

private:
  bool quiet_;
};

// A sweep or a final close, which is an event when it ends.
class sweep_span {
public:
  sweep_span(registry& g, const char* which) noexcept;
  void end(std::size_t gone) noexcept;

private:
  registry& registry_;
  const char* which_;
  time_point begin_{};
};

// The manager ends: the observer is told what there is, and forgotten.
void end_observing(registry& g) noexcept;
void free_desk(registry& g) noexcept;
void forget_other_tellers_locked(registry& g) noexcept; // in a child of fork()
void count_events_locked(const registry& g, manager_stats& s) noexcept;

} // namespace tenure::inline v1::detail

#endif
