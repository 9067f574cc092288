// error: (could not convert|conversion from|no viable conversion)
#include <tenure/instance.hpp>

struct object {
  virtual ~object() = default;
};
struct stranger {
  virtual ~stranger() = default;
};
tenure::instance<stranger> convert(tenure::instance<object>&& made) {
  return static_cast<tenure::instance<object>&&>(made);
}
