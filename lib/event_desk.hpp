// Where the events of one registry wait to be told.
#ifndef TENURE_LIB_EVENT_DESK_HPP
#define TENURE_LIB_EVENT_DESK_HPP

#include "events.hpp"

#include <tenure/detail/observing.hpp>

namespace tenure::inline v1::detail {

struct waiting_event {
  event what;
  name_node* label = nullptr; // a share of the module's first name, which is the path
  char* texts = nullptr;      // owned: detail, or path and detail
  waiting_event* next = nullptr;
};

// Room for events, taken at once, so that a last release allocates nothing as long as the observer keeps up.
struct event_room {
  static constexpr std::size_t size = 128;
  waiting_event events[size];
  event_room* next = nullptr;
};

// All with the registry's mutex, unless said otherwise. Made by the first observer; freed with the registry.
struct event_desk {
  static constexpr std::size_t most_rooms = 512; // 65,536 events: an observer that far behind hangs

  event_desk() noexcept = default;
  event_desk(const event_desk&) = delete;
  event_desk& operator=(const event_desk&) = delete;
  ~event_desk();

  [[nodiscard]] bool make_room() noexcept;
  [[nodiscard]] waiting_event* take_room() noexcept; // null: no memory, or too many wait
  void push(waiting_event& e) noexcept;
  [[nodiscard]] waiting_event* pop() noexcept;
  void give_back(waiting_event& e) noexcept; // its texts are gone already
  void discard_all() noexcept;
  void destroy_owned(void* gone) const noexcept; // without the mutex; null: there is none
  [[nodiscard]] bool waits() const noexcept { return head_ != nullptr; }

  event_observer observer;
  const observer_table* own = nullptr; // of an observer that the manager owns,
  void* owned = nullptr;               // which lies here
  sync::condition told;                // nobody is telling any more
  sync::thread_id teller = 0;          // the thread that is telling; 0: none
  sync::thread_id listed_by = 0;       // the thread in whose list this is, with a share of the registry
  registry* next_untold = nullptr;     // only that thread touches it
  std::uint64_t numbers = 0;           // given so far
  std::uint64_t lost = 0;
  std::uint64_t lost_lately = 0; // since the last event that found room

private:
  waiting_event* head_ = nullptr;
  waiting_event* tail_ = nullptr;
  waiting_event* free_ = nullptr;
  event_room* rooms_ = nullptr;
  std::size_t room_count_ = 0;
};

// Frees what the event says. Without the mutex, or with it.
void drop_texts(waiting_event& e) noexcept;

} // namespace tenure::inline v1::detail

#endif
