// Boost.DLL: https://www.boost.org/doc/libs/release/doc/html/boost_dll.html
#include "../questions/call.hpp"
#include "../questions/copy.hpp"
#include "peer.hpp"

#include <boost/dll/import.hpp>
#include <boost/dll/shared_library.hpp>
#include <boost/shared_ptr.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <boost/version.hpp>

namespace bench {
namespace {

// Renamed, as C++20 has a meaning for the old name.
auto import_function(const boost::dll::fs::path& file, const char* wanted) {
#if BOOST_VERSION < 107600
  return boost::dll::import <int(int)>(file, wanted);
#else
  return boost::dll::import_symbol<int(int)>(file, wanted);
#endif
}

struct counted : boost::intrusive_ref_counter<counted> {};

class boost_dll {
public:
  static constexpr const char* name = "Boost.DLL";
  static constexpr role as = role::peer;
  using path = boost::dll::fs::path;
  static path path_of(const std::string& text) { return text; }

  explicit boost_dll(const path& p)
      : library_(p, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local) {}
  [[nodiscard]] void* symbol(const char* wanted) const {
    return reinterpret_cast<void*>(&library_.get<void()>(wanted));
  }
  [[nodiscard]] bool has(const char* wanted) const { return library_.has(wanted); }

  static void ask_more(suite& s, module_files& files) {
    const path file = path_of(files.copy("tiny"));
    ask_copy(s, "boost::intrusive_ptr", role::peer, boost::intrusive_ptr<counted>(new counted));
    ask_copy(s, "boost::shared_ptr", role::peer, boost::shared_ptr<int>(new int(1)));
    ask_copy(s, name, role::peer, boost::dll::shared_library(file));
    ask_call(s, "Boost.DLL import", role::peer, import_function(file, "tiny_fn"));
  }

private:
  boost::dll::shared_library library_;
};

} // namespace

peer boost_dll_peer() { return peer_of<boost_dll>("boost/dll/shared_library.hpp"); }

} // namespace bench
