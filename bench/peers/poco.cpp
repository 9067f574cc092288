// POCO's SharedLibrary: https://docs.pocoproject.org/current/Poco.SharedLibrary.html
#include "peer.hpp"

#include <Poco/SharedLibrary.h>

namespace bench {
namespace {

class poco {
public:
  static constexpr const char* name = "POCO";
  static constexpr role as = role::peer;
  using path = std::string;
  static path path_of(const std::string& text) { return text; }

  explicit poco(const path& p) { library_.load(p, Poco::SharedLibrary::SHLIB_LOCAL); }
  poco(const poco&) = delete;
  poco& operator=(const poco&) = delete;
  ~poco() { library_.unload(); } // its destructor does not
  [[nodiscard]] void* symbol(const char* wanted) const { return library_.getSymbol(wanted); }
  [[nodiscard]] bool has(const char* wanted) const { return library_.hasSymbol(wanted); }

private:
  mutable Poco::SharedLibrary library_; // looking up is not const there
};

} // namespace

peer poco_peer() { return peer_of<poco>("Poco/SharedLibrary.h"); }

} // namespace bench
