// The system's own loader.
#include "peer.hpp"

#include <dlfcn.h>

namespace bench {
namespace {

class raw {
public:
  static constexpr const char* name = "dlopen";
  static constexpr role as = role::raw;
  using path = std::string;
  static path path_of(const std::string& text) { return text; }

  explicit raw(const path& p)
      : handle_(dlopen(p.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(dlerror());
  }
  raw(const raw&) = delete;
  raw& operator=(const raw&) = delete;
  ~raw() { dlclose(handle_); }
  [[nodiscard]] void* symbol(const char* wanted) const { return dlsym(handle_, wanted); }
  [[nodiscard]] bool has(const char* wanted) const { return dlsym(handle_, wanted) != nullptr; }

private:
  void* handle_;
};

} // namespace

peer raw_peer() { return peer_of<raw>("dlfcn.h"); }

} // namespace bench
