// Windows counts: a module that FreeLibrary left mapped has a reference of somebody else's. Who that is, only
// import tables tell.
#include "os/why_mapped.hpp"

#include "os/windows.hpp"
#include "os/windows_image.hpp"

#include <fmt/core.h>

#include <cstring>
#include <vector>

#define PSAPI_VERSION 2 // the names in kernel32, no other library
#include <psapi.h>

namespace tenure::inline v1::os {
namespace {

using detail::linger_finding;

// A reference to a module of the list, so that its tables stay while they are read. Given back where module
// code may run: after the close, outside our locks.
class held_module {
public:
  explicit held_module(HMODULE listed) noexcept {
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, reinterpret_cast<const wchar_t*>(listed),
                       &module_);
  }
  held_module(const held_module&) = delete;
  held_module& operator=(const held_module&) = delete;
  ~held_module() {
    if (module_ != nullptr) FreeLibrary(module_);
  }
  [[nodiscard]] HMODULE get() const noexcept { return module_; }

private:
  HMODULE module_ = nullptr;
};

std::vector<HMODULE> all_modules() {
  std::vector<HMODULE> modules(256);
  for (;;) {
    const auto room = static_cast<DWORD>(modules.size() * sizeof(HMODULE));
    DWORD needed = 0;
    if (K32EnumProcessModules(GetCurrentProcess(), modules.data(), room, &needed) == 0) return {};
    modules.resize(needed / sizeof(HMODULE));
    if (needed <= room) return modules;
  }
}

// By where the imports lead, not by the library's name: forwarded exports count, and a namesake does not.
bool imports_from(HMODULE module, const mapped_image& image) {
  return module_view(module).any_import(
      [&image](const char*, std::uintptr_t address) { return image.whole.contains(address); });
}

linger_finding find_importer(const mapped_image& image) {
  for (const HMODULE listed : all_modules()) {
    if (reinterpret_cast<std::uintptr_t>(listed) == image.whole.begin) continue;
    const held_module module(listed);
    if (module.get() == nullptr || !imports_from(module.get(), image)) continue;
    return {linger_reason::needed_by, fmt::format("{} imports from it and is still loaded; it goes with that",
                                                  narrow(path_of(module.get()), strictness::lenient))};
  }
  return {};
}

// libstdc++ as a DLL takes one reference for each destructor that it has to run at a thread's end.
bool registers_thread_local_destructors(HMODULE module) {
  return module_view(module).any_import([](const char* symbol, std::uintptr_t) {
    return symbol != nullptr && std::strncmp(symbol, "__cxa_thread_atexit", 19) == 0;
  });
}

linger_finding judge_by_runtime(const mapped_image& image) {
  const held_module module(reinterpret_cast<HMODULE>(image.whole.begin));
  if (module.get() == nullptr) return {}; // it has gone meanwhile
  if (registers_thread_local_destructors(module.get()))
    return {
        linger_reason::tls_destructor_pending,
        "it has thread_local objects with destructors, and each one that a running thread has made holds it; "
        "it goes when those threads have ended, unless somebody else has opened it too"};
  return {linger_reason::other_holder, "the system still counts references: somebody else has loaded or "
                                       "pinned it, or a runtime that is linked "
                                       "into it statically holds it for a thread_local"};
}

} // namespace

bool loader_unmaps() noexcept { return true; }

linger_finding why_mapped(const std::string&, const mapped_image& image) {
  if (!image.known()) return {};
  linger_finding importer = find_importer(image);
  return importer.reason != linger_reason::unknown ? importer : judge_by_runtime(image);
}

} // namespace tenure::inline v1::os
