// START HERE to choose a policy or to write one. Which closes what, and what it is for:
//
// adaptive             what has cost as much as its uses so far say    who does not want to choose; needs sweeps
// immediate            at the first safe point after the last release  hot reload, tests
// deferred<N>          the module parked N releases ago, at the        objects that come and go; the default is
//                      beginning of the next last release              N = 1
// periodic_sweep       on sweep(), what has been idle for the delay    servers, event loops
// final_close          only on final_close()                           batch runs, tools
// keep_warm<N, Ttl>    beyond N idle modules (least recently used      many plug-ins, little memory
//                      first) or after Ttl
// resident             never; the whole life cycle runs but the pages  sanitizers, valgrind, profilers
//                      stay
// limit_idle_bytes<P>  what P says, and its next victims beyond a      any of the above on small machines
//                      limit of idle memory
// distributed<P>       what P says; each thread counts by itself, and   handles that many threads copy
//                      a sweep adds up
//
// A policy decides when a module may go, never whether that is safe: the same safety core runs under every
// policy. It is a value without locks, system calls or a clock of its own. The manager calls it under the
// registry's mutex and hands in the time, so a test or a simulation can run it on a virtual clock.
#ifndef TENURE_POLICY_HPP
#define TENURE_POLICY_HPP

#include <tenure/detail/count.hpp>
#include <tenure/duration.hpp>

#include <concepts>
#include <cstddef>

namespace tenure::inline v1 {

class idle_list;
namespace detail {
struct idle_access;
} // namespace detail

// A module's own answer to "may you be unloaded now?" (COM: DllCanUnloadNow). Advice that can only postpone.
enum class unload_vote : unsigned char { not_asked, yes, no };

// What a policy sees of a module that has no reference left, and what links it into the policy's lists.
// Obtained from: the manager, as an argument of idled() and revived(). Threads: only under the calls of the
// manager.
class idle_module {
public:
  // When the last reference went, or when the manager first saw it idle again after a revive that took no
  // lock.
  [[nodiscard]] time_point idle_since() const noexcept { return idle_since_; }
  // Orders uses: a module used later has a higher number.
  [[nodiscard]] std::uint64_t last_use() const noexcept { return last_use_; }
  // How often it went from idle to active since it was loaded, the load included.
  [[nodiscard]] std::uint64_t use_count() const noexcept { return use_count_; }
  // The same for the same file, whenever it is loaded; 0 if that is not known.
  [[nodiscard]] std::uint64_t identity() const noexcept { return identity_; }
  // When it was loaded; only for a policy that reads the time.
  [[nodiscard]] time_point loaded_at() const noexcept { return loaded_at_; }
  // What its load took, measured.
  [[nodiscard]] duration load_time() const noexcept { return load_time_; }
  // Bytes of address space that unloading would give back.
  [[nodiscard]] std::size_t mapped_bytes() const noexcept { return mapped_bytes_; }
  // The answer of the last sweep since it was used; not_asked where the module exports none.
  [[nodiscard]] unload_vote vote() const noexcept { return vote_; }
  // By its own word: no thread of its own can still be on its way out (COM: apartment-threaded).
  [[nodiscard]] bool single_threaded() const noexcept { return single_threaded_; }
  // True if its file was replaced, and the new one is loaded beside it: nobody will open this one again.
  [[nodiscard]] bool superseded() const noexcept { return superseded_; }
  // True if it was revived without the mutex since the policy got it (only where the policy parks).
  [[nodiscard]] bool in_use() const noexcept { return detail::count_of(detail::look(*refs_)) != 0; }
  // True if it is in use, or was, without the mutex and since the policy got it.
  [[nodiscard]] bool was_used() const noexcept {
    return (detail::look(*refs_) & (detail::count_mask | detail::touched_bit)) != 0;
  }
  // For the policy's own use: a sweep's stamp, for example. Cleared before idled().
  time_point stamp = never;

  idle_module(const idle_module&) = delete;
  idle_module& operator=(const idle_module&) = delete;

protected:
  // The library's.
  explicit idle_module(const detail::word& refs) noexcept
      : refs_(&refs) {}
  ~idle_module() = default;

private:
  friend class idle_list;
  friend struct detail::idle_access;
  const detail::word* refs_;
  idle_module* next_ = nullptr;
  idle_module* previous_ = nullptr;
  time_point idle_since_;
  std::uint64_t last_use_ = 0;
  std::uint64_t use_count_ = 0;
  std::uint64_t identity_ = 0;
  time_point loaded_at_;
  duration load_time_;
  std::size_t mapped_bytes_ = 0;
  unload_vote vote_ = unload_vote::not_asked;
  bool single_threaded_ = false;
  bool superseded_ = false;
};

// An intrusive list of idle modules: it allocates nothing, so naming a victim cannot fail. A module is in one
// list at a time. Not copyable; moving leaves the source empty.
class idle_list {
public:
  idle_list() noexcept = default;
  idle_list(idle_list&& other) noexcept
      : head_(other.head_)
      , tail_(other.tail_)
      , size_(other.size_) {
    other.head_ = other.tail_ = nullptr;
    other.size_ = 0;
  }
  idle_list& operator=(idle_list&&) = delete;

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // The first, null if there is none.
  [[nodiscard]] idle_module* front() const noexcept { return head_; }
  // The one behind `m`, null if that is the last.
  [[nodiscard]] static idle_module* after(const idle_module& m) noexcept { return m.next_; }

  // Behind all others. Pre: m is in no list.
  void push_back(idle_module& m) noexcept { link(m, tail_); }
  // Behind every module that was used earlier. One step for a module that was used last of all.
  void insert_by_use(idle_module& m) noexcept {
    idle_module* place = tail_;
    while (place != nullptr && place->last_use_ > m.last_use_) place = place->previous_;
    link(m, place);
  }
  // Pre: not empty.
  idle_module& pop_front() noexcept {
    idle_module& m = *head_;
    remove(m);
    return m;
  }
  // Pre: m is in this list.
  void remove(idle_module& m) noexcept {
    (m.previous_ != nullptr ? m.previous_->next_ : head_) = m.next_;
    (m.next_ != nullptr ? m.next_->previous_ : tail_) = m.previous_;
    m.next_ = m.previous_ = nullptr;
    --size_;
  }
  // All of another list, in order, behind all others.
  void append(idle_list& other) noexcept {
    while (!other.empty()) push_back(other.pop_front());
  }

  // Gives back what is in use again: the manager takes it from `victims` and does not close it. For policies
  // that park and count what they keep.
  void hand_back_used(idle_list& victims) noexcept {
    move_to(victims, [](const idle_module& m) { return m.in_use(); });
  }
  // Moves all that satisfy a condition to the end of another list, in order.
  template <class Condition> void move_to(idle_list& other, Condition&& condition) noexcept {
    for (idle_module* m = head_; m != nullptr;) {
      idle_module* const next = m->next_;
      if (condition(*m)) {
        remove(*m);
        other.push_back(*m);
      }
      m = next;
    }
  }

private:
  void link(idle_module& m, idle_module* before) noexcept {
    m.previous_ = before;
    m.next_ = before != nullptr ? before->next_ : head_;
    (before != nullptr ? before->next_ : head_) = &m;
    (m.next_ != nullptr ? m.next_->previous_ : tail_) = &m;
    ++size_;
  }
  idle_module* head_ = nullptr;
  idle_module* tail_ = nullptr;
  std::size_t size_ = 0;
};

// How a sweep was asked for.
struct sweep_request {
  time_point now; // the manager's time
  bool has_delay = false; // a delay was given for this call
  duration delay;         // idle for at least this long
  bool used = true;       // some module may have been revived without the mutex since the last sweep; false: none was
  bool asked = true;      // some module may have been asked for its vote; false: none votes
  // The application's delay if it gave one, else the policy's.
  [[nodiscard]] constexpr duration delay_or(duration usual) const noexcept {
    return has_delay ? delay : usual;
  }
};

// A policy that is told when a module is used again. All others cost no look at the clock there.
template <class P>
concept times_revives = requires(P policy, idle_module& m, time_point now) { policy.revived(m, now); };

namespace detail {
template <class P> void tell_revived(P& policy, idle_module& m, time_point now) {
  if constexpr (times_revives<P>)
    policy.revived(m, now);
  else
    policy.revived(m);
}
} // namespace detail

// What a class must have to be a policy. All calls come under the registry's mutex; none may throw.
//   idled(m, now, victims)   // m lost its last reference: keep it in a list of yours, or push it to victims
//   revived(m)               // m, which you keep, is used again: take it out of your list
//     or revived(m, now)     // the same, for a policy that needs to know when
//   sweep(request, victims)  // the application asks: move to victims what is due
//   drain(victims)           // everything idle must go: move all to victims
//   next_due()               // when a sweep would next find something, or `never`
template <class P>
concept unload_policy = (times_revives<P> || requires(P policy, idle_module& m) { policy.revived(m); }) &&
                        requires(P policy, const P& constant, idle_module& m, time_point now,
                                 const sweep_request& request, idle_list& victims) {
  policy.idled(m, now, victims);
  policy.sweep(request, victims);
  policy.drain(victims);
  { constant.next_due() } -> std::same_as<time_point>;
};

// Optional members of a policy:
//   static constexpr bool parks = true;        modules in its lists may be revived by one exchange, without
//   the mutex
//                                              and without revived(); a victim that was revived meanwhile
//                                              comes back through idled(), with its new last_use()
//   static constexpr bool reads_time = true;   idled() needs `now`, or loaded_at(); else the clock is not read at
//                                              a release or a load
//   static constexpr bool keeps_pages = true;  the system is never asked to unmap
//   static constexpr bool counts_in_stripes = true;   idled() comes at a sweep or a final close, which look whose
//                                              references have gone, not at the last release
//   void shed(idle_list& victims)              name the next victim though it is not due (limit_idle_bytes
//   asks)

} // namespace tenure::inline v1

#endif
