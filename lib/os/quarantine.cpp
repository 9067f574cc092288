// Which departed modules' addresses are kept, and for how long; how they are reserved is the port's.
#include "os/quarantine.hpp"

#include "os/quarantine_ledger.hpp"
#include "sync.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::os {
namespace {

quarantine_ledger* ledger = nullptr; // published; never freed

// Guards the filling of the ledger; a leaf.
sync::mutex& ledger_mutex() noexcept { return sync::process_mutex<quarantine_ledger>(); }

departed& note_locked(const mapped_image& image, const char* path, const char* why) noexcept {
  departed& place = ledger->next_place();
  const address_range oldest = place.where();
  quarantine_ledger::empty(place);
  if (std::exchange(place.reserved, false)) give_back_addresses(oldest);
  quarantine_ledger::fill(place, image.whole, this_thread_number(), path, why);
  return place;
}

} // namespace

const departed* find_departed(std::uintptr_t address) noexcept {
  const quarantine_ledger* const known = detail::read_published(ledger);
  return known != nullptr ? known->find(address) : nullptr;
}

departed* announce_departure(const mapped_image& image, const char* path, const char* why) noexcept {
  if (!image.known()) return nullptr;
  const sync::scoped_lock lock(ledger_mutex());
  return ledger != nullptr ? &note_locked(image, path, why) : nullptr;
}

void finish_departure(departed* note, bool gone) noexcept {
  if (note == nullptr) return;
  const sync::scoped_lock lock(ledger_mutex());
  note->reserved = gone && reserve_addresses(note->where());
  if (!note->reserved) quarantine_ledger::empty(*note);
}

void prepare_quarantine() noexcept {
  const sync::scoped_lock lock(ledger_mutex());
  if (ledger == nullptr) detail::publish_value(ledger, new (std::nothrow) quarantine_ledger);
}

} // namespace tenure::inline v1::os
