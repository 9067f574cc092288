// error: (deleted|use of deleted function)
#include <tenure/guard.hpp>

void copy(const tenure::module& m) {
  const tenure::guard inside(m);
  tenure::guard other = inside;
}
