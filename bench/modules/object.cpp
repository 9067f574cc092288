// Makes objects.
#include "object.hpp"

#include "export.hpp"

namespace {

class made final : public object {
public:
  int value() const override { return 42; }
};

} // namespace

MODULE_EXPORT object* make_object() { return new made; }
