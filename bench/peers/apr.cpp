// The Apache Portable Runtime: https://apr.apache.org/docs/apr/trunk/group__apr__dso.html
#include "peer.hpp"

#include <apr_dso.h>
#include <apr_general.h>

namespace bench {
namespace {

class apr {
public:
  static constexpr const char* name = "APR";
  static constexpr role as = role::peer;
  using path = std::string;
  static path path_of(const std::string& text) { return text; }
  static void prepare() { must(apr_initialize() == APR_SUCCESS, "apr_initialize"); }

  // A pool of its own, or the process's memory would grow with each open.
  explicit apr(const path& p) {
    must(apr_pool_create(&pool_, nullptr) == APR_SUCCESS, "apr_pool_create");
    if (apr_dso_load(&handle_, p.c_str(), pool_) == APR_SUCCESS) return;
    apr_pool_destroy(pool_);
    throw std::runtime_error("apr_dso_load " + p);
  }
  apr(const apr&) = delete;
  apr& operator=(const apr&) = delete;
  ~apr() { apr_pool_destroy(pool_); } // unloads
  [[nodiscard]] void* symbol(const char* wanted) const {
    apr_dso_handle_sym_t found = nullptr;
    return apr_dso_sym(&found, handle_, wanted) == APR_SUCCESS ? found : nullptr;
  }
  [[nodiscard]] bool has(const char* wanted) const { return symbol(wanted) != nullptr; }

private:
  apr_pool_t* pool_ = nullptr;
  apr_dso_handle_t* handle_ = nullptr;
};

} // namespace

peer apr_peer() { return peer_of<apr>("apr_dso.h"); }

} // namespace bench
