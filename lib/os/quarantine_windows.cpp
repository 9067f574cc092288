// Quarantine on Windows: reserved addresses, and a vectored handler.
#include "os/quarantine.hpp"
#include "os/quarantine_ledger.hpp"
#include "os/windows.hpp"

#include <new>

namespace tenure::inline v1::os {
namespace {

SRWLOCK lock = SRWLOCK_INIT;         // guards the filling of the ledger; a leaf
quarantine_ledger* ledger = nullptr; // published; made at the first use, never freed

bool fill_locked(const mapped_image& image, const char* path, const char* why) noexcept {
  if (ledger == nullptr) detail::publish_value(ledger, new (std::nothrow) quarantine_ledger);
  auto* const wanted = reinterpret_cast<void*>(image.whole.begin);
  if (ledger == nullptr || VirtualAlloc(wanted, image.whole.size(), MEM_RESERVE, PAGE_NOACCESS) != wanted)
    return false;
  departed& place = ledger->next_place();
  const address_range oldest = place.where;
  quarantine_ledger::empty(place);
  if (oldest.size() != 0) VirtualFree(reinterpret_cast<void*>(oldest.begin), 0, MEM_RELEASE);
  quarantine_ledger::fill(place, image.whole, this_thread_number(), path, why);
  return true;
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

bool quarantine_image(const mapped_image& image, const char* path, const char* why) noexcept {
  if (!image.known()) return false;
  AcquireSRWLockExclusive(&lock);
  const bool done = fill_locked(image, path, why);
  ReleaseSRWLockExclusive(&lock);
  return done;
}

void explain_faults() noexcept {
  static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
  InitOnceExecuteOnce(&once, install, nullptr, nullptr);
}

} // namespace tenure::inline v1::os
