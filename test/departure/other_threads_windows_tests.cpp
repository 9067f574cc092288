// Other threads on Windows: waits of the system, and a thread that somebody else has suspended.
#include "other_thread.hpp"

#include <doctest/doctest.h>

#include <windows.h>

namespace departure {

std::uint64_t this_thread_number() noexcept { return GetCurrentThreadId(); }
int last_error() noexcept { return static_cast<int>(GetLastError()); }
void set_last_error(int value) noexcept { SetLastError(static_cast<DWORD>(value)); }
extern const bool waits_have_room = true; // under Wine all of 1000 scans raised the alarm

std::size_t open_descriptors() {
  DWORD count = 0;
  GetProcessHandleCount(GetCurrentProcess(), &count);
  return count;
}

TEST_CASE("a thread that waits for an event below the module is found") {
  const loaded_module& module = any_module();
  const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  {
    busy_thread thread(inside(module, "departure_call", [event](busy_thread& self) {
      self.arrive();
      WaitForSingleObject(event, INFINITE);
    }));
    REQUIRE(thread.is_there());
    for (int i = 0; i != 100; ++i) REQUIRE(is_inside(scan_answered(module.image()), thread, module));
    SetEvent(event);
  }
  CloseHandle(event);
}

TEST_CASE("a thread that is suspended already is read, and stays suspended") {
  const loaded_module& module = any_module();
  busy_thread thread(inside(module, "departure_call", arrive_and_spin));
  REQUIRE(thread.is_there());
  const HANDLE handle = OpenThread(THREAD_SUSPEND_RESUME, FALSE, static_cast<DWORD>(thread.number()));
  REQUIRE(handle != nullptr);
  REQUIRE(SuspendThread(handle) == 0);
  CHECK(is_inside(scan_answered(module.image()), thread, module));
  CHECK(ResumeThread(handle) == 1);
  CloseHandle(handle);
}

} // namespace departure
