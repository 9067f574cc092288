// GNU libltdl: https://www.gnu.org/software/libtool/manual/html_node/Using-libltdl.html
#include "peer.hpp"

#include <ltdl.h>

namespace bench {
namespace {

class libltdl {
public:
  static constexpr const char* name = "libltdl";
  static constexpr role as = role::peer;
  using path = std::string;
  static path path_of(const std::string& text) { return text; }
  static void prepare() { must(lt_dlinit() == 0, "lt_dlinit"); }

  explicit libltdl(const path& p)
      : handle_(lt_dlopen(p.c_str())) {
    if (handle_ == nullptr) throw std::runtime_error(lt_dlerror());
  }
  libltdl(const libltdl&) = delete;
  libltdl& operator=(const libltdl&) = delete;
  ~libltdl() { lt_dlclose(handle_); }
  [[nodiscard]] void* symbol(const char* wanted) const { return lt_dlsym(handle_, wanted); }
  [[nodiscard]] bool has(const char* wanted) const { return symbol(wanted) != nullptr; }

  // Its list of modules has no lock.
  static constexpr bool one_thread = true;

private:
  lt_dlhandle handle_;
};

} // namespace

peer libltdl_peer() { return peer_of<libltdl>("ltdl.h"); }

} // namespace bench
