// Quarantine on Windows: reserved addresses, and a vectored handler.
#include "os/quarantine.hpp"
#include "os/quarantine_ledger.hpp"
#include "os/windows.hpp"

#include <new>
#include <utility>

namespace tenure::inline v1::os {
namespace {

SRWLOCK lock = SRWLOCK_INIT;         // guards the filling of the ledger; a leaf
quarantine_ledger* ledger = nullptr; // published; never freed

departed* note_locked(const mapped_image& image, const char* path, const char* why) noexcept {
  if (ledger == nullptr) return nullptr;
  departed& place = ledger->next_place();
  const address_range oldest = place.where();
  quarantine_ledger::empty(place);
  if (std::exchange(place.reserved, false))
    VirtualFree(reinterpret_cast<void*>(oldest.begin), 0, MEM_RELEASE);
  quarantine_ledger::fill(place, image.whole, this_thread_number(), path, why);
  return &place;
}

bool reserve(const address_range& where) noexcept {
  auto* const wanted = reinterpret_cast<void*>(where.begin);
  return VirtualAlloc(wanted, where.size(), MEM_RESERVE, PAGE_NOACCESS) == wanted;
}

LONG CALLBACK on_fault(EXCEPTION_POINTERS* what) noexcept {
  const EXCEPTION_RECORD& record = *what->ExceptionRecord;
  if (record.ExceptionCode != EXCEPTION_ACCESS_VIOLATION || record.NumberParameters < 2)
    return EXCEPTION_CONTINUE_SEARCH;
  const auto address = static_cast<std::uintptr_t>(record.ExceptionInformation[1]);
  const quarantine_ledger* const known = detail::read_published(ledger);
  if (const departed* const d = known != nullptr ? known->find(address) : nullptr) {
    fault_text text;
    text.explain(*d, address);
    DWORD written = 0;
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), text.data(), static_cast<DWORD>(text.size()), &written,
              nullptr);
  }
  return EXCEPTION_CONTINUE_SEARCH;
}

BOOL CALLBACK install(INIT_ONCE*, void*, void**) noexcept {
  AddVectoredExceptionHandler(1, on_fault);
  return TRUE;
}

} // namespace

departed* announce_departure(const mapped_image& image, const char* path, const char* why) noexcept {
  if (!image.known()) return nullptr;
  AcquireSRWLockExclusive(&lock);
  departed* const note = note_locked(image, path, why);
  ReleaseSRWLockExclusive(&lock);
  return note;
}

void finish_departure(departed* note, bool gone) noexcept {
  if (note == nullptr) return;
  AcquireSRWLockExclusive(&lock);
  note->reserved = gone && reserve(note->where());
  if (!note->reserved) quarantine_ledger::empty(*note);
  ReleaseSRWLockExclusive(&lock);
}

void prepare_quarantine() noexcept {
  AcquireSRWLockExclusive(&lock);
  if (ledger == nullptr) detail::publish_value(ledger, new (std::nothrow) quarantine_ledger);
  ReleaseSRWLockExclusive(&lock);
}

void explain_faults() noexcept {
  static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
  InitOnceExecuteOnce(&once, install, nullptr, nullptr);
}

} // namespace tenure::inline v1::os
