// What a handle points at: the part of a module's record that handles touch, and the calls behind it.
#ifndef TENURE_DETAIL_RECORD_HPP
#define TENURE_DETAIL_RECORD_HPP

#include <tenure/detail/count.hpp>
#include <tenure/failure.hpp>
#include <tenure/path.hpp>

#include <cstddef>

namespace tenure::inline v1::detail {

struct registry; // lib/registry.hpp: one per manager, outlives it while handles do

// What a registry knows of revives that took no lock.
struct use_clock {
  std::uint64_t ticks = 0; // orders uses; glance and jot: may lose a step between threads
  std::uint32_t used = 0;  // raised at each; taken down by sweeps
};

// Memory of a record stays a record as long as its registry lives, so a reader that lost a race finds a
// record and not a stranger; `generation` tells whether it is still the same module.
struct record {
  word refs = 0;                // see count.hpp
  std::uint64_t used_at = 0;    // the registry's tick at the last revive; glance and jot
  word gate = 0;                // calls in flight that take part, see enter_call
  registry* owner = nullptr;    // constant
  use_clock* clock = nullptr;   // the registry's; constant
  std::uint64_t generation = 0; // +1 when the module is gone, and when one that was closed and stayed mapped is
                                // opened again; written with the mutex held and refs not open
  std::uint64_t load = 0; // the number of this load in the process, never given again; 0 once it is shut
                          // down, and while it is loaded
  std::uint32_t stripe = 0;     // where threads count its references, see count.hpp; 0: in `refs`. Constant
};

// For a record with a stripe, by a thread that has not counted yet.
TENURE_API void take_in_stripe(std::uint32_t stripe) noexcept;
TENURE_API void drop_in_stripe(std::uint32_t stripe) noexcept;
// False if it is not open to such counts, or the thread can have no counter.
[[nodiscard]] TENURE_API bool share_in_stripe(const record& r) noexcept;
#if defined(TENURE_OWN_STRIPES)
TENURE_OWN_STRIPES stripe_count* own_stripes; // this thread's; null until it counts
#else
inline constexpr stripe_count* own_stripes = nullptr;
#endif

// One reference more. Pre: the caller holds one.
inline void take_reference(record& r) noexcept {
  if (r.stripe == 0)
    acquire(r.refs);
  else if (stripe_count* const own = own_stripes)
    count_taken(own[r.stripe].taken);
  else
    take_in_stripe(r.stripe);
}

// A reference that is counted in a stripe, to a module of which the caller holds none. False: go by the word.
[[nodiscard]] inline bool try_share_striped(const record& r) noexcept {
  if (r.stripe == 0) return false;
  if (stripe_count* const own = own_stripes) return try_share_in(own[r.stripe], r.refs);
  return share_in_stripe(r);
}

// The registry hears of a last reference. Noexcept; may close modules, never while their code is on this
// stack.
TENURE_API void last_dropped(record& r) noexcept;

inline void drop_reference(record& r) noexcept {
  if (r.stripe == 0) {
    if (is_last(release(r.refs))) last_dropped(r);
  } else if (stripe_count* const own = own_stripes) {
    count_dropped(own[r.stripe].dropped);
  } else {
    drop_in_stripe(r.stripe);
  }
}

// A parked module was revived without the mutex: orders uses. Two threads may lose a step between them.
inline void note_revive(record& r) noexcept {
  const std::uint64_t now = glance(r.clock->ticks) + 1;
  jot(r.clock->ticks, now);
  jot(r.used_at, now);
  raise_flag(r.clock->used);
}

// A strong reference to the same module as `r` was at `generation`, if it is loaded. On true the caller owns
// it.
[[nodiscard]] TENURE_API bool lock_weak_slowly(record& r, std::uint64_t generation) noexcept;
[[nodiscard]] inline bool lock_weak(record& r, std::uint64_t generation) noexcept {
  if (!try_share_striped(r)) {
    bool revived = false;
    if (!try_acquire(r.refs, revived)) return lock_weak_slowly(r, generation);
    if (revived) note_revive(r);
  }
  if (r.generation == generation) return true; // constant while the reference is held
  drop_reference(r);
  return false;
}
// Why there was none. Errors: not_loaded, module_shut_down, empty_handle (of a null record).
TENURE_API void explain_weak(record* r, std::uint64_t generation, failure& why) noexcept;
// Weak references keep the registry's memory, not the module.
TENURE_API void share_registry(record& r) noexcept;
TENURE_API void unshare_registry(record& r) noexcept;

// `bytes`: symbol<char> and the like are somebody's way to an address, of whatever it is.
enum class symbol_kind : unsigned char { function, variable, bytes };

// Errors: symbol_not_found, symbol_kind_mismatch (where it can be told), empty_handle, loader_blocked.
TENURE_API void* find_symbol(record& r, name_view name, symbol_kind kind, failure& why) noexcept;
// The same, but throws: the caller's code is to be short.
[[nodiscard]] TENURE_API void* find_symbol_or_raise(record& r, name_view name, symbol_kind kind);
// False for a thread-local variable, which has another address on each. Pre: the module has the symbol.
[[nodiscard]] TENURE_API bool same_on_all_threads(record& r, name_view name) noexcept;
// Finds all; on failure names every one that is missing and leaves `out` as it was.
TENURE_API bool bind_symbols(record& r, const char* const* names, const symbol_kind* kinds, void** out,
                             std::size_t n, failure& why) noexcept;

TENURE_API const char* path_of(const record& r) noexcept;
TENURE_API void* native_handle_of(const record& r) noexcept;
// name_missing: nothing would destroy what that function of the module makes.
TENURE_API void tell_no_destroyer(const record& r, const char* maker, failure& why) noexcept;
TENURE_API void set_failure(failure& why, errc code, const char* path, const char* text) noexcept;

TENURE_API void pin_module(record& r) noexcept;
TENURE_API bool try_pin_module(record& r, failure& why) noexcept; // not after a shutdown
TENURE_API void unpin_module(record& r) noexcept;

// The exception that is being handled holds the module until its last copy is destroyed. Pre: in a handler; the caller
// holds a reference. Exceptions of other languages hold nothing.
TENURE_API void keep_while_thrown(record& r) noexcept;

// A call that a shutdown waits for. False with `why` once the module is shut down, except for a thread that has a call in
// flight already: that one may finish, with the calls that it makes. Pre: the caller holds a reference meanwhile.
TENURE_API bool enter_call(record& r, failure& why) noexcept;
TENURE_API void leave_call(record& r) noexcept;

class call_in_flight { // for a scope
public:
  call_in_flight(record& r, failure& why) noexcept
      : record_(enter_call(r, why) ? &r : nullptr) {}
  call_in_flight(const call_in_flight&) = delete;
  call_in_flight& operator=(const call_in_flight&) = delete;
  ~call_in_flight() {
    if (record_ != nullptr) leave_call(*record_);
  }

private:
  record* record_;
};

TENURE_API void enter_guard() noexcept;
// The outermost guard's exit is a safe point: closes that wait for one are tried. `r`: null for a guard of
// nothing; else a record whose registry was shared for this call, which unshares it.
TENURE_API void leave_guard(record* r) noexcept;

// Calls code of a module; an exception that it lets out keeps the module. Costs nothing where nothing is thrown.
// Pre: the caller holds a reference to `r`.
template <class Call> [[gnu::always_inline]] inline decltype(auto) call_across(record& r, Call&& call) {
  try {
    return call();
  } catch (...) {
    keep_while_thrown(r);
    throw;
  }
}

} // namespace tenure::inline v1::detail

#endif
