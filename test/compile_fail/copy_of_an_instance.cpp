// error: (deleted|use of deleted function)
#include <tenure/instance.hpp>

struct object {
  virtual ~object() = default;
};
void copy(tenure::instance<object>& made) { auto other = made; }
