#include "left_behind.hpp"

#include "opening.hpp"
#include "sync.hpp"

#include <tenure/detail/count.hpp>

namespace tenure::inline v1::detail {
namespace {

// Guards the list. A leaf.
sync::mutex& list_mutex() noexcept { return sync::process_mutex<left_reference>(); }
constinit left_reference* list =
    nullptr; // published, so that an open need not lock to see that there is none

left_reference* take_one(void* handle) noexcept {
  const sync::scoped_lock lock(list_mutex());
  left_reference* before = nullptr;
  for (left_reference* at = list; at != nullptr; before = at, at = at->next) {
    if (at->handle != handle) continue;
    if (before != nullptr)
      before->next = at->next;
    else
      publish_value(list, at->next);
    return at;
  }
  return nullptr;
}

} // namespace

void leave_behind(std::unique_ptr<left_reference> place, void* handle) noexcept {
  left_reference* const left = place.release();
  left->handle = handle;
  const sync::scoped_lock lock(list_mutex());
  left->next = list;
  publish_value(list, left);
}

void take_back(void* handle) noexcept {
  if (read_published(list) == nullptr) return;
  while (const left_reference* const taken = take_one(handle)) {
    system_close(taken->handle);
    delete taken;
  }
}

} // namespace tenure::inline v1::detail
