#include "os/com_vote.hpp"
#include "os/windows.hpp"

namespace tenure::inline v1::os {

com_vote_function* find_com_vote(void* handle) noexcept {
  const FARPROC found = GetProcAddress(static_cast<HMODULE>(handle), "DllCanUnloadNow");
  return reinterpret_cast<com_vote_function*>(reinterpret_cast<void*>(found));
}

std::int32_t ask_com_vote(com_vote_function* vote) {
  using can_unload_now = HRESULT(WINAPI*)();
  return reinterpret_cast<can_unload_now>(reinterpret_cast<void*>(vote))();
}

} // namespace tenure::inline v1::os
