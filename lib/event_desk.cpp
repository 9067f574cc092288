#include "event_desk.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::detail {

void drop_texts(waiting_event& e) noexcept {
  if (e.label != nullptr) name_node::free(std::exchange(e.label, nullptr));
  delete[] std::exchange(e.texts, nullptr);
}

event_desk::~event_desk() {
  discard_all();
  while (rooms_ != nullptr) delete std::exchange(rooms_, rooms_->next);
  destroy_owned(std::exchange(owned, nullptr));
}

void event_desk::destroy_owned(void* gone) const noexcept {
  if (gone == nullptr) return;
  own->destroy(gone);
  ::operator delete (gone, std::align_val_t{own->alignment});
}

bool event_desk::make_room() noexcept {
  if (room_count_ == most_rooms) return false;
  auto* const fresh = new (std::nothrow) event_room;
  if (fresh == nullptr) return false;
  ++room_count_;
  fresh->next = std::exchange(rooms_, fresh);
  for (waiting_event& e : fresh->events) give_back(e);
  return true;
}

waiting_event* event_desk::take_room() noexcept {
  if (free_ == nullptr && !make_room()) return nullptr;
  waiting_event* const e = std::exchange(free_, free_->next);
  e->what = {};
  e->next = nullptr;
  return e;
}

void event_desk::push(waiting_event& e) noexcept {
  (tail_ != nullptr ? tail_->next : head_) = &e;
  tail_ = &e;
}

waiting_event* event_desk::pop() noexcept {
  waiting_event* const e = head_;
  if (e == nullptr) return nullptr;
  head_ = e->next;
  if (head_ == nullptr) tail_ = nullptr;
  return e;
}

void event_desk::give_back(waiting_event& e) noexcept { e.next = std::exchange(free_, &e); }

void event_desk::discard_all() noexcept {
  while (waiting_event* const e = pop()) {
    ++lost;
    drop_texts(*e);
    give_back(*e);
  }
}

} // namespace tenure::inline v1::detail
