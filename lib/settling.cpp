// Which modules have lost their last reference, where threads count in stripes and nobody is told: why the sums below
// can be trusted stands in count.hpp.
#include "events.hpp"
#include "os/stripe_blocks.hpp"
#include "registry.hpp"
#include "stripes.hpp"

#include <utility>

namespace tenure::inline v1::detail {

void registry::begin_use_locked(module_record& r) noexcept {
  in_use.push_back(r);
  set_flags(r.refs, striped_bit);
}

// Zero is certain only as count.hpp says: without `striped`, and behind a fence. At other times it may be a little off,
// as a count may be that others change.
std::uint32_t references_to(const module_record& r) noexcept {
  const std::uint32_t counted = count_of(look(r.refs));
  if (r.stripe == 0) return counted;
  const std::uint32_t sum = counted + balance_of(r.stripe) - r.settled;
  return sum <= INT32_MAX ? sum : 0;
}

// True if nobody has a reference: then opens go by the word, which says so from now on.
bool registry::has_settled_locked(module_record& r) noexcept {
  const std::uint32_t balance = balance_of(r.stripe);
  word seen = look(r.refs);
  const std::uint32_t counted = count_of(seen);
  if (counted + balance != r.settled || !replace(r.refs, seen, seen & ~count_mask)) return false;
  r.settled = balance;
  return true;
}

// What its initialisers took in the word and dropped in a stripe: the record's next module begins with neither. Pre: no
// reference.
void registry::forget_count_locked(module_record& r) noexcept {
  const word before = clear_flags(r.refs, count_mask);
  if (r.stripe != 0) r.settled -= count_of(before);
}

// What has lost its last reference since the last look goes to its keeper.
void registry::settle_unused_locked(idle_list& victims) noexcept {
  if (in_use.empty()) return;
  counts_seen_at = now();
  for (idle_module* m = in_use.front(); m != nullptr; m = idle_list::after(*m)) clear_flags(full(*m).refs, striped_bit);
  const bool certain = os::fence_all_threads();
  for (idle_module* m = in_use.front(); m != nullptr;) {
    module_record& r = full(*m);
    m = idle_list::after(*m);
    if (!certain || !has_settled_locked(r)) {
      if (!r.shut_down) set_flags(r.refs, striped_bit);
      continue;
    }
    in_use.remove(r);
    note_locked(*this, event_kind::idled, r);
    const std::uint64_t tick = next_tick_locked();
    r.worker = std::exchange(r.let_go_by, 0);
    r.worker_number = std::exchange(r.let_go_number, 0);
    if (r.worker != 0 && !os::thread_has_ended(r.worker_number)) {
      jot(r.used_at, tick);
      wait_for_own_code_locked(r);
    } else {
      settle_locked(r, tick, victims);
    }
  }
}

} // namespace tenure::inline v1::detail
