// The one place where memory orders are named. A record's `word` holds the count of strong references and
// what a thread must know without the registry's mutex.
//
// States of the word (count is the low half):
//   open, count > 0                  active: anybody may acquire
//   open, count = 0, parked          idle, known to the policy; one exchange revives it (try_acquire)
//   open, count = 0, no parked       idle, or a thread that dropped the last reference is on its way to the mutex;
//                                    only the holder of the registry's mutex may revive
//   no open                          loading, closing, lingering or absent: only the holder of the mutex acts
// `pending`: the thread on its way to the mutex has been overtaken by a revive; it still has to arrive, until
// then the module is not closed, and a further drop to zero is answered by that arrival. `touched`: revived
// from parked since the policy last looked. The bits above count the opens that took the fast path (try_share): they
// decide nothing but when the file is looked at again. `striped`: see the end of this file.
//
// Compiler builtins instead of <atomic>: that header alone costs an embedder 29 empty files of compile time.
#ifndef TENURE_DETAIL_COUNT_HPP
#define TENURE_DETAIL_COUNT_HPP

#include <cstdint>

#if defined(TENURE_SCHEDULED)
extern "C" void tenure_schedule_step() noexcept; // tests: the deterministic scheduler may switch here
#  define TENURE_STEP() ::tenure_schedule_step()
#else
#  define TENURE_STEP() static_cast<void>(0)
#  if __has_include(<sys/single_threaded.h>)
#    include <sys/single_threaded.h> // glibc 2.32: true while no second thread was ever started
#    define TENURE_ONE_THREAD() (__libc_single_threaded != 0)
#  endif
#endif
#if !defined(TENURE_ONE_THREAD)
#  define TENURE_ONE_THREAD() false
#endif

namespace tenure::inline v1::detail {

using word = std::uint64_t;

inline constexpr word one_reference = 1;
inline constexpr word count_mask = 0xffff'ffffu;
inline constexpr word open_bit = word{1} << 32;
inline constexpr word parked_bit = word{1} << 33;
inline constexpr word touched_bit = word{1} << 34;
inline constexpr word pending_bit = word{1} << 35;
inline constexpr word striped_bit = word{1} << 36;
inline constexpr word one_open = word{1} << 37; // 27 bits; what overflows is lost without harm

[[nodiscard]] constexpr std::uint32_t count_of(word w) noexcept {
  return static_cast<std::uint32_t>(w & count_mask);
}

// True for the drop that has to reach the registry: the last reference, and nobody else will see to it.
[[nodiscard]] constexpr bool is_last(word before) noexcept {
  return (before & (count_mask | parked_bit | pending_bit)) == one_reference;
}

// While no other thread exists that could see it half done. Returns the word as it was before.
inline word add_alone(word& w, word n) noexcept {
  w += n;
  // seq_cst: of the compiler alone, which is to add in memory: the next count waits ten cycles for a register's word
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  return w - n;
}

// Copies a reference that the caller holds.
inline void acquire(word& w) noexcept {
  TENURE_STEP();
  if (TENURE_ONE_THREAD()) return static_cast<void>(add_alone(w, one_reference));
  // relaxed: the reference being copied already makes the module visible; pairs with nothing
  __atomic_fetch_add(&w, one_reference, __ATOMIC_RELAXED);
}

// Drops a reference; returns the word as it was before.
[[nodiscard]] inline word release(word& w) noexcept {
  TENURE_STEP();
  if (TENURE_ONE_THREAD()) return add_alone(w, -one_reference);
  // acq_rel: release so that all use of the module by this thread is visible to the thread that sees zero and
  // closes (claim, below); acquire so that the thread that saw zero has seen the use by all others
  return __atomic_fetch_sub(&w, one_reference, __ATOMIC_ACQ_REL);
}

[[nodiscard]] inline word look(const word& w) noexcept {
  TENURE_STEP();
  // relaxed: a first guess; every decision is confirmed by a compare-exchange on the same word
  return __atomic_load_n(&w, __ATOMIC_RELAXED);
}

// Replaces `expected` by `desired`, or tells what stands there.
[[nodiscard]] inline bool replace(word& w, word& expected, word desired) noexcept {
  TENURE_STEP();
  // acq_rel: a revive must see the module as its opener published it (release in publish) and as its last
  // user left it (release); a claim must do the same and hides nothing of its own. acquire on failure: the
  // new value is judged.
  return __atomic_compare_exchange_n(&w, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

// Takes a reference without the mutex if the module is active or parked. Sets `revived` if it was parked.
[[nodiscard]] inline bool try_acquire(word& w, bool& revived) noexcept {
  word seen = look(w);
  for (;;) {
    const bool idle = count_of(seen) == 0;
    if ((seen & open_bit) == 0 || (idle && (seen & parked_bit) == 0)) return false;
    revived = idle;
    if (replace(w, seen, (seen + one_reference) | (idle ? touched_bit : 0))) return true;
  }
}

// As try_acquire, but only of an active module, and counted as an open: `opens` is how many there were before.
[[nodiscard]] inline bool try_share(word& w, std::uint32_t& opens) noexcept {
  word seen = look(w);
  while ((seen & open_bit) != 0 && count_of(seen) != 0) {
    if (!replace(w, seen, seen + one_reference + one_open)) continue;
    opens = static_cast<std::uint32_t>(seen / one_open);
    return true;
  }
  return false;
}

// Makes the word `value`, and with it all that was written before. Only with the mutex held, while not open.
inline void publish(word& w, word value) noexcept {
  TENURE_STEP();
  // release: names, image and native handle, written before, are visible to whoever acquires (replace)
  __atomic_store_n(&w, value, __ATOMIC_RELEASE);
}

// Sets and clears flags; returns the word as it was before. Only with the mutex held.
inline word set_flags(word& w, word bits) noexcept {
  TENURE_STEP();
  // acq_rel: as replace; the count beside the flags may change at any time
  return __atomic_fetch_or(&w, bits, __ATOMIC_ACQ_REL);
}
inline word clear_flags(word& w, word bits) noexcept {
  TENURE_STEP();
  // acq_rel: as replace; acquire so that whoever finds count 0 here has seen the last user's work (release)
  return __atomic_fetch_and(&w, ~bits, __ATOMIC_ACQ_REL);
}

// --- the life of a token source (lib/tokens.cpp) ---
// Its word: the tokens that are out in the low half, and whether more may be given.
inline constexpr word over_bit = word{1} << 32; // for ever: no token is given any more
inline constexpr word shut_bit = word{1} << 33; // a shutdown is under way: none is given for now

// One token more, unless none is given any more.
[[nodiscard]] inline bool try_hold(word& life) noexcept {
  word seen = look(life);
  do {
    if ((seen & (over_bit | shut_bit)) != 0) return false;
  } while (!replace(life, seen, seen + one_reference));
  return true;
}
// One token less. True for the drop that ends the life: the last token and the end are one step, so nobody gets one between.
[[nodiscard]] inline bool drop_hold(word& life) noexcept {
  word seen = look(life);
  for (;;) {
    const bool last = (seen & (count_mask | over_bit)) == one_reference;
    if (replace(life, seen, last ? over_bit | (seen & shut_bit) : seen - one_reference)) return last;
  }
}
// Ends it, whatever is out. True for the one who did.
[[nodiscard]] inline bool end_life(word& life) noexcept {
  word seen = look(life);
  do {
    if ((seen & over_bit) != 0) return false;
  } while (!replace(life, seen, seen | over_bit));
  return true;
}

// --- the gate of calls into a module (lib/calls.cpp) ---
// Its word: the calls in flight in the low half, and shut_bit: no new ones.
inline word enter_gate(word& gate) noexcept {
  TENURE_STEP();
  if (TENURE_ONE_THREAD()) return add_alone(gate, one_reference);
  // acquire: a call that finds the gate open again sees what was done while it was shut (acq_rel in clear_flags)
  return __atomic_fetch_add(&gate, one_reference, __ATOMIC_ACQUIRE);
}
inline word leave_gate(word& gate) noexcept {
  TENURE_STEP();
  if (TENURE_ONE_THREAD()) return add_alone(gate, -one_reference);
  // release: what the call did is visible to who waits for it (acquire in read_published)
  return __atomic_fetch_sub(&gate, one_reference, __ATOMIC_RELEASE);
}

// A pointer or number that readers follow without the mutex; writers hold it.
template <class T> [[nodiscard]] T read_published(const T& p) noexcept {
  TENURE_STEP();
  // acquire: pairs with publish_value; what the pointer leads to is visible
  return __atomic_load_n(&p, __ATOMIC_ACQUIRE);
}
template <class T> void publish_value(T& p, T value) noexcept {
  TENURE_STEP();
  // release: what the pointer leads to was written before; pairs with read_published
  __atomic_store_n(&p, value, __ATOMIC_RELEASE);
}

// Replaces a published pointer by another, or tells what stands there. For readers as publish_value.
template <class T> [[nodiscard]] bool replace_pointer(T*& p, T*& expected, T* desired) noexcept {
  TENURE_STEP();
  // acq_rel: release as publish_value; acquire, also on failure, as read_published: whoever lost uses the winner's
  return __atomic_compare_exchange_n(&p, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

// A number that orders nothing: statistics, and the tick that orders uses only roughly.
template <class T> [[nodiscard]] T glance(const T& n) noexcept {
  // relaxed: no decision about memory hangs on it
  return __atomic_load_n(&n, __ATOMIC_RELAXED);
}
template <class T> void jot(T& n, T value) noexcept {
  // relaxed: pairs with glance, which promises nothing
  __atomic_store_n(&n, value, __ATOMIC_RELAXED);
}

// A flag that says "look": raised without the mutex, taken down by whoever looks, before it looks.
inline void raise_flag(std::uint32_t& flag) noexcept {
  TENURE_STEP();
  // release: who takes it down sees what was done before (a revive's word); pairs with take_flag
  __atomic_store_n(&flag, 1u, __ATOMIC_RELEASE);
}
[[nodiscard]] inline bool take_flag(std::uint32_t& flag) noexcept {
  TENURE_STEP();
  // acq_rel: acquire as said there; release so that what follows is not looked at before the flag is down, and a
  // flag that is raised meanwhile stays up for the next look
  return __atomic_exchange_n(&flag, 0u, __ATOMIC_ACQ_REL) != 0;
}

// The next number of a counter; each is given once.
template <class N> [[nodiscard]] N take_number(N& counter) noexcept {
  // relaxed: only its being unique matters; pairs with nothing
  return __atomic_fetch_add(&counter, N{1}, __ATOMIC_RELAXED);
}

// Counts owners of plain memory (the registry itself, a failure's text): not of modules.
inline void share(std::uint32_t& owners) noexcept {
  TENURE_STEP();
  // relaxed: as acquire
  __atomic_fetch_add(&owners, 1u, __ATOMIC_RELAXED);
}
// True for the last owner, who frees.
[[nodiscard]] inline bool unshare(std::uint32_t& owners) noexcept {
  TENURE_STEP();
  // acq_rel: as release; the one who frees has seen the work of all others
  return __atomic_fetch_sub(&owners, 1u, __ATOMIC_ACQ_REL) == 1;
}

// --- counts in stripes (lib/stripes.hpp) ---
// Under a policy that looks at counts only when it sweeps, each thread counts in memory of its own what it takes and
// what it drops, without a locked instruction and without a line that another thread writes. A module's references
// are then the word's count, plus all that was taken, minus all that was dropped, modulo 2^32. The word's count only
// grows while the module is open: the load, and opens that found no `striped`.
//
// Why a sum of zero is true, though others count meanwhile. Read first all that was dropped, then all that was taken:
//   both only grow, so at the moment between the two there were at most as many references as the sum says.
// Why nobody is missed. A copy is made of a reference that is dropped later, by this thread or by one that this one has
//   synchronised with: whoever sees the drop (acquire) sees the copy's count. An open has no reference yet: it counts, then
//   looks for `striped`; the sweep clears `striped`, makes all threads pass a full fence (os::fence_all_threads) and sums. So
//   the open sees that the bit is gone, and takes its count back, or the sum has it: for a moment one too many, never too few.
// Why zero stays. Without `striped` opens go by the word, which the sweep replaces only as it was before the sum.
struct stripe_count {
  std::uint32_t taken = 0;
  std::uint32_t dropped = 0;
  std::uint32_t opens = 0; // by this thread; decides when the file is looked at again
  std::uint32_t unused = 0;
};

// A thread's own counter: nobody else writes it, and no signal handler may.
inline void count_taken(std::uint32_t& n) noexcept {
  TENURE_STEP();
  // relaxed: who sees the drop of this reference sees this too, by what the threads did in between
  __atomic_store_n(&n, __atomic_load_n(&n, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}
inline void count_dropped(std::uint32_t& n) noexcept {
  TENURE_STEP();
  // release: all use of the module by this thread is visible to the sweep that sees this (read_published)
  __atomic_store_n(&n, __atomic_load_n(&n, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
}
// One that threads without a counter of their own share.
inline void count_together(std::uint32_t& n) noexcept {
  TENURE_STEP();
  // acq_rel: as a drop's release, and so that the drops of all of them are seen with the last one
  __atomic_fetch_add(&n, 1u, __ATOMIC_ACQ_REL);
}
// After the count of an open, before the look at `striped`: the other half of os::fence_all_threads.
[[nodiscard]] inline word look_after_counting(const word& w) noexcept {
  // seq_cst: the compiler alone is held back here; the processor is by the fence that the sweep sends
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  TENURE_STEP();
  // acquire: names, image and native handle are visible; pairs with set_flags
  return __atomic_load_n(&w, __ATOMIC_ACQUIRE);
}
// One reference to a module by a thread that holds none: true if the module's word says that it may have it.
[[nodiscard]] inline bool try_share_in(stripe_count& mine, const word& refs) noexcept {
  if ((look(refs) & striped_bit) == 0) return false; // so that whoever sums then rarely meets a count that is taken back
  count_taken(mine.taken);
  if ((look_after_counting(refs) & striped_bit) != 0) return true;
  count_dropped(mine.dropped);
  return false;
}

} // namespace tenure::inline v1::detail

#endif
