// What happens to modules, for whoever looks: logs, traces, crash reports.
#ifndef TENURE_EVENT_HPP
#define TENURE_EVENT_HPP

#include <tenure/duration.hpp>
#include <tenure/report.hpp>

#include <cstdint>

namespace tenure::inline v1 {

// One life of a module:
//   [loaded] opened {idled {vetoed|deferred} revived} idled {vetoed|deferred} (closed | lingering [closed])
// What lingers and is opened again begins another life. Opens and copies of what is in use already are no
// events, so that they stay what they cost.
enum class event_kind : unsigned char {
  opened,    // in use for the first time in this life: by open, adopt, containing, add_static
  loaded,    // the system loaded it for that: took, bytes. Before `opened`
  revived,   // used again, without a load
  idled,     // its last reference went
  vetoed,    // it was asked, and its vote is no: detail, error if it answered wrongly
  deferred,  // chosen, and not closed yet: detail says why
  closed,    // closed, looked at, and gone: took; zero if it had lingered and went by itself
  lingering, // closed, and still mapped: took, reason, detail
  failed,    // an open failed: error, detail, the path as far as it was known
  swept,     // a sweep that had something to close, or a final close, ended: took; count modules are gone; detail says which
};

// "loaded", "idled".
[[nodiscard]] TENURE_API const char* to_string(event_kind kind) noexcept;

// The texts live as long as the observer's call.
struct event {
  event_kind kind = event_kind::opened;       // what happened
  linger_reason reason = linger_reason::none; // of lingering
  errc error = errc::ok;                      // of failed, and of a wrong vote
  std::uint32_t count = 0;                    // of swept
  std::uint64_t number = 0;                   // of this manager's events: one more than the one before
  std::uint64_t lost = 0;   // events right before this one that there was no memory for; they have numbers
  std::uint64_t life = 0;   // which load of which module, in the whole process; 0 for failed and swept
  std::uint64_t thread = 0; // the system's number of the thread on which it happened
  time_point at{};          // when, by the manager's clock
  duration took{};          // what happened, as the kinds say
  std::uint64_t bytes = 0;  // of loaded: of address space that it takes
  const char* path = "";    // absolute; a static module's name; "" for swept
  const char* name = "";    // the last part of the path
  const char* detail = "";  // why, in words
};

// Who is told. One at a time, for a manager: see manager::observe.
// Threads and order: told one after the other, in the order in which they happened, never two calls at the
// same time, outside every lock of Tenure's, and by no thread that is inside the system's loader or in a
// module's hook. That is at the latest when the call of Tenure's in which it happened returns, unless another
// thread is just telling: then that one goes on with it. So `thread` need not be the thread of the call.
//
// The observer may do with its manager whatever a thread may: open, close, sweep; what comes of that it is
// told when it has returned. It must not destroy or move the manager, stop a sweeper, or wait for another
// thread that uses the manager's observe(). It cannot throw.
struct event_observer {
  void (*told)(void* context, const event& e) noexcept = nullptr; // null: nobody
  void* context = nullptr;                                        // handed to it
};

// A class that can be told.
template <class O>
concept event_sink = requires(O& o, const event& e) {
  { o(e) }
  noexcept;
};

// The manager's default: nobody is told, and no code is there to do it. observe() may still be used.
struct no_observer {
  using tells_nobody = void; // by which a manager knows it
};

template <class O>
concept manager_observer = event_sink<O> || requires {
  typename O::tells_nobody;
};

} // namespace tenure::inline v1

#endif
