// Marks this thread as being inside the system's loader: it then holds the loader's own lock, and must not
// wait for a thread that wants it.
#ifndef TENURE_LIB_LOADER_SCOPE_HPP
#define TENURE_LIB_LOADER_SCOPE_HPP

#include "sync.hpp"

namespace tenure::inline v1::detail {

class loader_scope {
public:
  loader_scope() noexcept { ++sync::this_thread().inside_loader; }
  loader_scope(const loader_scope&) = delete;
  loader_scope& operator=(const loader_scope&) = delete;
  ~loader_scope() { --sync::this_thread().inside_loader; }
};

} // namespace tenure::inline v1::detail

#endif
