// Ends a module on purpose, while others still have handles to it.
#ifndef TENURE_CONTROLLER_HPP
#define TENURE_CONTROLLER_HPP

#include <tenure/code_location.hpp>
#include <tenure/duration.hpp>
#include <tenure/instance.hpp>
#include <tenure/module.hpp>
#include <tenure/report.hpp>

namespace tenure::inline v1 {

// What becomes of a shutdown if calls have not returned at its deadline, or the module's vote says no.
enum class shutdown_mode : unsigned char {
  refuse, // the module goes on as before; errc::calls_in_flight, errc::module_vetoed
  force, // it is shut down behind their backs: they may finish, and hold it mapped until then. No vote counts
};

// What a shutdown did, or why it did not.
struct shutdown_result {
  failure why;                                   // why it was not shut down; empty if it was
  unload_outcome outcome = unload_outcome::busy; // what had become of the module when the call returned
  std::uint32_t calls = 0;                       // of other threads, in flight at the deadline
  std::uint32_t tokens = 0;                      // that were out and are ended
  std::uint32_t references = 0;                  // handles that are alive, and hold it mapped
  explicit operator bool() const noexcept { return !why; }
};

namespace detail {
// True if it was shut down: then it has dropped the caller's reference to `held`. Null is an error, in the result.
TENURE_API bool shut_down(record* held, duration deadline, shutdown_mode mode, const code_location& where,
                          shutdown_result& result, failure& note) noexcept;
} // namespace detail
} // namespace tenure::inline v1

namespace TENURE_HANDLES {

// Shuts a module down (MAF: AddInController). Found from the object: from a module, an instance of it,
// whatever has an owner(). Holds the module until then. When not to use it: to let a module go when nobody
// needs it any more; that is what handles and policies do. Obtained from: its constructors; a copy, which
// holds once more. Threads: as a module handle; two threads may shut the same module down through controllers
// of their own, and one of them is told of the other.
//
//   tenure::controller end(decoder);
//   if (!end.shutdown(tenure::seconds(5), tenure::shutdown_mode::force)) ...
class controller {
public:
  // For a module. An empty handle is an error at shutdown().
  explicit controller(const module& m TENURE_AND_TAKEN_HERE) noexcept
      : target_(m TENURE_AND_TAKEN) {
    TENURE_IF_TRACKED(detail::relabel_holder(&target_, holder_kind::controller);)
  }
  // For whatever has an owner(): an instance, a symbol.
  template <class Object>
  requires requires(const Object& object) { module(object.owner()); }
  explicit controller(const Object& object TENURE_AND_TAKEN_HERE) noexcept
      : controller(object.owner() TENURE_AND_TAKEN) {}
#if defined(TENURE_TRACK_HOLDERS)
  controller(const controller& other TENURE_AND_TAKEN_HERE) noexcept
      : controller(other.target_, taken) {
    note_ = other.note_;
  }
  controller(controller&&) noexcept = default;
  controller& operator=(controller other) noexcept {
    swap(target_, other.target_);
    swap(note_, other.note_);
    return *this;
  }
#endif

  // In this order, and nothing of it under a lock:
  // 1. No new call: enter(), call(), create(), symbol look-ups, opens, weak handles and acquires of tokens
  //    get module_shut_down with who shut it down, when and where. A call that is in flight may finish, with
  //    the calls that it makes. One through a bare symbol or pointer or by a factory<> is not seen; its
  //    handle holds the code.
  // 2. Calls in flight of other threads are waited for, at most `deadline` from now on the manager's clock.
  //    Then `refuse` asks for the module's vote, and undoes step 1 if that is no or calls are in flight.
  // 3. All tokens over the module are ended, parts before their containers; each source's hook runs once.
  // 4. The controller's own hold is dropped. Without other references the module is closed now, whatever its
  //    policy and its vote say, else at the last one's end; the departure check is asked as always. A new
  //    open then is a new life.
  // Errors, as values: module_shut_down (a second shutdown, by whoever), calls_in_flight,
  // module_vetoed, empty_handle;
  // module_is_loading, from its own initialiser; not_loaded, where that threw; out_of_memory (nothing has
  // happened then).
  // Threads: waits for other threads, which must not need what this one holds, such as the loader's lock.
  [[nodiscard]] shutdown_result shutdown(duration deadline, shutdown_mode mode,
                                         const code_location& where = code_location::current()) noexcept {
    shutdown_result result;
    if (note_)
      result.why = note_;
    else if (detail::shut_down(detail::handle_access::record_of(target_), deadline, mode, where, result, note_))
      static_cast<void>(detail::handle_access::give_up(target_));
    return result;
  }

  // Empty after a shutdown.
  [[nodiscard]] const module& owner() const noexcept { return target_; }
  // True after a shutdown by this controller.
  [[nodiscard]] bool has_shut_down() const noexcept { return static_cast<bool>(note_); }

private:
  module target_;
  failure note_;
};

} // namespace TENURE_HANDLES

#endif
