#include "stripes.hpp"

#include "os/fork.hpp"
#include "sync.hpp"

#include <algorithm>
#include <iterator>

namespace tenure::inline v1::detail {
namespace {

// Which stripes are given out.
struct stripe_list {
  sync::mutex mutex;
  std::uint64_t taken[os::most_stripes / 64] = {1}; // a bit for each; 0 is nobody's
};

stripe_list& all_stripes() noexcept {
  alignas(stripe_list) static unsigned char place[sizeof(stripe_list)];
  static stripe_list* const it =
      ::new (static_cast<void*>(place)) stripe_list; // never destroyed: as process_mutex
  return *it;
}

// Calls `own(counters)` with the thread's own counters of that stripe, or `together` with those that many
// share.
template <class Own, class Together>
void count_in(std::uint32_t stripe, Own&& own, Together&& together) noexcept {
  if (stripe_count* const block = os::own_stripe_block())
    own(block[stripe]);
  else
    together(os::common_stripe(stripe));
}

std::uint32_t sum_of(std::uint32_t stripe, os::stripe_visitor add) noexcept {
  std::uint32_t sum = 0;
  os::visit_stripe(stripe, add, &sum);
  return sum;
}

// A fork while a thread is in the list would leave it locked in the child.
void hold_list(void*) noexcept { all_stripes().mutex.lock(); }
void let_list_go(void*) noexcept { all_stripes().mutex.unlock(); }
constinit os::fork_watcher list_watcher{hold_list, let_list_go, let_list_go, nullptr, nullptr};

bool prepare() noexcept {
  if (!os::prepare_stripe_blocks()) return false;
  os::add_fork_watcher(list_watcher); // before any registry whose records have stripes: their mutexes come first
  return true;
}

} // namespace

bool stripes_are_ready() noexcept {
  static const bool ready = prepare();
  return ready;
}

std::uint32_t take_stripe() noexcept {
  stripe_list& list = all_stripes();
  const sync::scoped_lock lock(list.mutex);
  auto* const place = std::find_if(std::begin(list.taken), std::end(list.taken),
                                   [](std::uint64_t bits) { return ~bits != 0; });
  if (place == std::end(list.taken)) return 0;
  const auto bit = static_cast<unsigned>(__builtin_ctzll(~*place));
  *place |= std::uint64_t{1} << bit;
  return static_cast<std::uint32_t>(place - std::begin(list.taken)) * 64 + bit;
}

void give_back_stripe(std::uint32_t stripe) noexcept {
  const std::uint32_t left = balance_of(stripe);
  os::common_stripe(stripe).dropped += left; // so that all of it sums to zero for the next one
  stripe_list& list = all_stripes();
  const sync::scoped_lock lock(list.mutex);
  list.taken[stripe / 64] &= ~(std::uint64_t{1} << stripe % 64);
}

std::uint32_t balance_of(std::uint32_t stripe) noexcept {
  const std::uint32_t dropped = sum_of(stripe, [](void* sum, stripe_count& c) noexcept {
    *static_cast<std::uint32_t*>(sum) += read_published(c.dropped);
  });
  const std::uint32_t taken = sum_of(stripe, [](void* sum, stripe_count& c) noexcept {
    *static_cast<std::uint32_t*>(sum) += read_published(c.taken);
  });
  return taken - dropped;
}

void forget_opens(std::uint32_t stripe) noexcept {
  const auto forget = [](void*, stripe_count& c) noexcept {
    if (c.opens != 0) c.opens = 0; // memory that nobody has touched stays so
  };
  os::visit_stripe(stripe, forget, nullptr);
}

void take_in_stripe(std::uint32_t stripe) noexcept {
  count_in(
      stripe, [](stripe_count& c) { count_taken(c.taken); },
      [](stripe_count& c) { count_together(c.taken); });
}

void drop_in_stripe(std::uint32_t stripe) noexcept {
  count_in(
      stripe, [](stripe_count& c) { count_dropped(c.dropped); },
      [](stripe_count& c) { count_together(c.dropped); });
}

bool share_in_stripe(const record& r) noexcept {
  stripe_count* const block = os::own_stripe_block();
  return block != nullptr && try_share_in(block[r.stripe], r.refs);
}

} // namespace tenure::inline v1::detail
