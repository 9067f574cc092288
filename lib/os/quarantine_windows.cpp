// Quarantine on Windows: reserved addresses, and a vectored handler.
#include "os/quarantine.hpp"
#include "os/quarantine_ledger.hpp"
#include "os/windows.hpp"

namespace tenure::inline v1::os {
namespace {

LONG CALLBACK on_fault(EXCEPTION_POINTERS* what) noexcept {
  const EXCEPTION_RECORD& record = *what->ExceptionRecord;
  if (record.ExceptionCode != EXCEPTION_ACCESS_VIOLATION || record.NumberParameters < 2)
    return EXCEPTION_CONTINUE_SEARCH;
  const auto address = static_cast<std::uintptr_t>(record.ExceptionInformation[1]);
  if (const departed* const d = find_departed(address)) {
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

bool reserve_addresses(const address_range& where) noexcept {
  auto* const wanted = reinterpret_cast<void*>(where.begin);
  return VirtualAlloc(wanted, where.size(), MEM_RESERVE, PAGE_NOACCESS) == wanted;
}

void give_back_addresses(const address_range& where) noexcept {
  VirtualFree(reinterpret_cast<void*>(where.begin), 0, MEM_RELEASE);
}

void explain_faults() noexcept {
  static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
  InitOnceExecuteOnce(&once, install, nullptr, nullptr);
}

} // namespace tenure::inline v1::os
