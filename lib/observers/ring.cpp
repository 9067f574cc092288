// Each slot has a state, which says what its words are:
//   0             nothing yet
//   2 * (n + 1)   the line of event n, whole
//   odd           being written, by one thread: it has replaced an even state by that
// The words are published one by one, so that a reader who has seen one of a newer line sees, behind it, a
// newer state.
#include "observers/line.hpp"
#include "os/descriptor.hpp"

#include <tenure/detail/count.hpp>
#include <tenure/observers/ring.hpp>

#include <algorithm>
#include <cstring>
#include <new>

namespace tenure::inline v1 {
namespace detail {

struct ring_slot {
  static constexpr std::size_t words = 62; // 496 bytes of text; 512 with the rest
  std::uint64_t state = 0;
  std::uint64_t size = 0; // bytes of the text
  std::uint64_t text[words] = {};
};

} // namespace detail

namespace {

using detail::ring_slot;
constexpr std::size_t longest = ring_slot::words * sizeof(std::uint64_t);

struct ring_line {
  std::uint64_t words[ring_slot::words] = {};
  std::size_t size = 0;
  [[nodiscard]] char* text() noexcept { return reinterpret_cast<char*>(words); }
};

constexpr std::uint64_t whole(std::uint64_t event_number) noexcept { return 2 * (event_number + 1); }
constexpr bool is_being_written(std::uint64_t state) noexcept { return state % 2 != 0; }

void put(ring_slot& slot, std::uint64_t number, const ring_line& line) noexcept {
  detail::publish_value(slot.size, std::uint64_t{line.size});
  for (std::size_t i = 0; i * sizeof line.words[0] < line.size; ++i)
    detail::publish_value(slot.text[i], line.words[i]);
  detail::publish_value(slot.state, whole(number));
}

// False if the slot has not, or no more, the line of that event, or it changes meanwhile.
bool get(const ring_slot& slot, std::uint64_t number, ring_line& line) noexcept {
  if (detail::read_published(slot.state) != whole(number)) return false;
  line.size = std::min<std::size_t>(detail::read_published(slot.size), longest);
  for (std::size_t i = 0; i * sizeof line.words[0] < line.size; ++i)
    line.words[i] = detail::read_published(slot.text[i]);
  return detail::read_published(slot.state) == whole(number);
}

} // namespace

event_ring::event_ring(std::size_t events)
    : slots_(new (std::nothrow) ring_slot[std::max<std::size_t>(events, 1)])
    , size_(std::max<std::size_t>(events, 1)) {
  if (slots_ == nullptr) throw std::bad_alloc();
}
event_ring::~event_ring() { delete[] slots_; }

void event_ring::operator()(const event& e) noexcept {
  ring_line line;
  line.size = detail::write_line(e, line.text(), longest);
  const std::uint64_t number = detail::take_number(next_);
  ring_slot& slot = slots_[number % size_];
  detail::word seen = detail::read_published(slot.state);
  if (is_being_written(seen) || seen > whole(number) || !detail::replace(slot.state, seen, seen | 1))
    static_cast<void>(detail::take_number(skipped_));
  else
    put(slot, number, line);
}

bool event_ring::write(int descriptor) const noexcept {
  constexpr char torn[] = "(an event that is just being noted, or was overwritten)\n";
  constexpr char some_skipped[] = "(some events are missing: they came too fast)\n";
  const os::keep_errno as_it_was;
  const std::uint64_t end = detail::glance(next_);
  bool written = true;
  for (std::uint64_t number = end > size_ ? end - size_ : 0; number != end; ++number) {
    ring_line line;
    const bool good = get(slots_[number % size_], number, line);
    written &= good ? os::write_all(descriptor, line.text(), line.size)
                    : os::write_all(descriptor, torn, sizeof torn - 1);
  }
  if (detail::glance(skipped_) != 0)
    written &= os::write_all(descriptor, some_skipped, sizeof some_skipped - 1);
  return written;
}

} // namespace tenure::inline v1
