// Symbols by name.
#include "failure_access.hpp"
#include "os/fork.hpp"
#include "registry.hpp"
#include "throwers.hpp"

#include <cstring>
#include <new>

namespace tenure::inline v1::detail {
namespace {

void* find_static(const module_record& r, const char* name, bool& found) noexcept {
  for (std::size_t i = 0; i != r.static_count; ++i)
    if (std::strcmp(r.static_symbols[i].name, name) == 0) {
      found = true;
      return r.static_symbols[i].address;
    }
  return nullptr;
}

void* look_up(module_record& r, const char* name, bool& found, os::fault& fault) {
  found = false;
  if (r.is_static()) {
    void* const address = find_static(r, name, found);
    if (!found) fault.cause = errc::symbol_not_found;
    return address;
  }
  if (const char* const culprit = loader_blocked_by()) {
    fault.cause = errc::loader_blocked;
    fault.text = culprit;
    return nullptr;
  }
  const os::fork_gate no_fork_meanwhile; // dlsym takes the loader's lock
  if (r.handle != nullptr) return os::symbol(r.handle, name, found, fault);
  fault.cause = errc::module_is_loading; // by this thread: its initialiser holds a handle to it already
  return nullptr;
}

// A variable that is called, or a function's code that is written to, is a fault at best. Told by where the
// symbol lies; what lies elsewhere (a dependency's, a read-only table beside the code) passes.
bool has_kind(const module_record& r, const void* address, symbol_kind kind) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (kind == symbol_kind::function) return !r.image.whole.contains(at) || r.image.executes(at);
  return kind == symbol_kind::bytes || !r.image.executes(at) || !os::is_function(address);
}

void* look_up_kind(module_record& r, const char* name, symbol_kind kind, bool& found, os::fault& fault) {
  void* const address = look_up(r, name, found, fault);
  if (!found || has_kind(r, address, kind)) return address;
  fault.cause = errc::symbol_kind_mismatch;
  return nullptr;
}

} // namespace

void* find_symbol(record& r, const char* name, symbol_kind kind, failure& why) noexcept {
  try {
    os::fault fault;
    bool found = false;
    void* const address = look_up_kind(full(r), name, kind, found, fault);
    if (fault) {
      fault.missing = name;
      fill(why, fault, path_of(r));
    }
    return address;
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
    return nullptr;
  }
}

bool bind_symbols(record& r, const char* const* names, const symbol_kind* kinds, void** out, std::size_t n,
                  failure& why) noexcept {
  try {
    std::string missing;
    std::vector<void*> addresses(n);
    for (std::size_t i = 0; i != n; ++i) {
      os::fault fault;
      bool found = false;
      addresses[i] = look_up_kind(full(r), names[i], kinds[i], found, fault);
      if (fault) missing += missing.empty() ? names[i] : std::string(", ") + names[i];
    }
    if (missing.empty()) {
      std::memcpy(out, addresses.data(), n * sizeof(void*));
      return true;
    }
    failure_parts parts;
    parts.code = errc::api_incomplete;
    parts.path = path_of(r);
    parts.missing = missing;
    fill(why, parts);
  } catch (const std::bad_alloc&) {
    set_failure(why, errc::out_of_memory, "", "");
  }
  return false;
}

} // namespace tenure::inline v1::detail
