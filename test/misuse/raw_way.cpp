#include "raw_way.hpp"

#include <link.h>

namespace misuse {
namespace {

[[noreturn]] void refuse(const char* fallback) {
  const char* const text = ::dlerror();
  throw refused{text != nullptr ? text : fallback};
}

} // namespace

raw_way::module::module(const module& other) {
  if (other.handle_ == nullptr) return;
  const auto* const map = static_cast<const link_map*>(other.handle_);
  handle_ = ::dlopen(map->l_name, RTLD_NOW);
}

void* raw_way::module::find(const char* name) const {
  ::dlerror();
  void* const address = ::dlsym(handle_, name);
  if (address == nullptr) refuse("dlsym");
  return address;
}

raw_way::module raw_way::open(const std::string& path, bool global) {
  void* (*volatile const call)(const char*, int) =
      ::dlopen; // declared noexcept, and throws what initialisers throw
  void* const handle = call(path.c_str(), RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (handle == nullptr) refuse("dlopen");
  return module(handle);
}

verdict raw_way::let_go(const std::string& name) {
  if (is_mapped(name)) return {fate::lies, "dlclose said nothing, and it is still mapped"};
  return {fate::survives, "gone"};
}

} // namespace misuse
