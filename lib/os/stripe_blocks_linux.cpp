// Blocks of counters on Linux, which has membarrier since 4.14 and gives memory only for the pages that are
// used.
#include "os/fork.hpp"
#include "os/os.hpp"
#include "os/stripe_blocks.hpp"
#include "os/thread_list.hpp"

#include <tenure/detail/record.hpp>

#include <cerrno>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenure::inline v1::detail {
thread_local constinit stripe_count* own_stripes = nullptr;
}

namespace tenure::inline v1::os {
namespace {

using detail::own_stripes;
using detail::stripe_count;

// <linux/membarrier.h> is not everywhere where the kernel has it.
constexpr int private_expedited = 1U << 3U;
constexpr int register_private_expedited = 1U << 4U;

bool membarrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0) == 0; }

// Blocks are never freed: a thread that ends leaves its counts, and the next new one goes on with them.
struct block {
  stripe_count counters[most_stripes]; // first: own_stripes leads there
  block* next;          // constant once it is published
  std::uint64_t thread; // the system's number of its owner; with the mutex
};

block* blocks = nullptr; // published
block* common = nullptr; // not among them; constant after preparation
pthread_mutex_t blocks_mutex = PTHREAD_MUTEX_INITIALIZER;

block* reserve_block() noexcept {
  void* const place = ::mmap(nullptr, sizeof(block), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return place != MAP_FAILED ? static_cast<block*>(place) : nullptr;
}

// That of a thread that has ended, else a new one.
block* find_block_locked() noexcept {
  const pid_t process = ::getpid();
  for (block* b = blocks; b != nullptr; b = b->next)
    if (!is_alive(process, static_cast<pid_t>(b->thread))) return b; // one that is exiting is not worth a look at each
  block* const fresh = reserve_block();
  if (fresh == nullptr) return nullptr;
  fresh->next = blocks;
  detail::publish_value(blocks, fresh);
  return fresh;
}

void hold(void*) noexcept { ::pthread_mutex_lock(&blocks_mutex); }
void go_on_in_parent(void*) noexcept { ::pthread_mutex_unlock(&blocks_mutex); }
// This thread has another number here; the blocks of all others are free.
void go_on_in_child(void*) noexcept {
  if (own_stripes != nullptr) reinterpret_cast<block*>(own_stripes)->thread = this_thread_number();
  ::pthread_mutex_unlock(&blocks_mutex);
}
constinit fork_watcher watcher{hold, go_on_in_parent, go_on_in_child, nullptr, nullptr};

bool prepare() noexcept {
  if (!membarrier(register_private_expedited) || !membarrier(private_expedited)) return false;
  common = reserve_block();
  if (common == nullptr) return false;
  add_fork_watcher(watcher);
  return true;
}

} // namespace

bool prepare_stripe_blocks() noexcept {
  static const bool ready = prepare();
  return ready;
}

stripe_count* own_stripe_block() noexcept {
  if (own_stripes != nullptr) return own_stripes;
  const int kept_errno = errno;
  ::pthread_mutex_lock(&blocks_mutex);
  if (block* const found = find_block_locked()) {
    found->thread = this_thread_number();
    own_stripes = found->counters;
  }
  ::pthread_mutex_unlock(&blocks_mutex);
  errno = kept_errno;
  return own_stripes;
}

stripe_count& common_stripe(std::uint32_t stripe) noexcept { return common->counters[stripe]; }

void visit_stripe(std::uint32_t stripe, stripe_visitor visit, void* context) noexcept {
  visit(context, common->counters[stripe]);
  for (block* b = detail::read_published(blocks); b != nullptr; b = b->next) visit(context, b->counters[stripe]);
}

// A child of fork() has to register anew on some kernels.
bool fence_all_threads() noexcept {
  const int kept_errno = errno;
  const bool done = membarrier(private_expedited) ||
                    (membarrier(register_private_expedited) && membarrier(private_expedited));
  errno = kept_errno;
  return done;
}

} // namespace tenure::inline v1::os
