// GLib's GModule: https://docs.gtk.org/gmodule/
#include "peer.hpp"

#include <gmodule.h>

namespace bench {
namespace {

class gmodule {
public:
  static constexpr const char* name = "GModule";
  static constexpr role as = role::peer;
  using path = std::string;
  static path path_of(const std::string& text) { return text; }

  explicit gmodule(const path& p)
      : module_(g_module_open(p.c_str(), G_MODULE_BIND_LOCAL)) {
    if (module_ == nullptr) throw std::runtime_error(g_module_error());
  }
  gmodule(const gmodule&) = delete;
  gmodule& operator=(const gmodule&) = delete;
  ~gmodule() { g_module_close(module_); }
  [[nodiscard]] void* symbol(const char* wanted) const {
    void* found = nullptr;
    return g_module_symbol(module_, wanted, &found) != 0 ? found : nullptr;
  }
  [[nodiscard]] bool has(const char* wanted) const { return symbol(wanted) != nullptr; }

private:
  GModule* module_;
};

} // namespace

peer gmodule_peer() { return peer_of<gmodule>("gmodule.h"); }

} // namespace bench
