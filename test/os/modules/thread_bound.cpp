// A plug-in with something to destroy at the end of each thread that used it.
#include "modules/interface.hpp"

namespace {

class counter {
public:
  ~counter() { value_ = -1; }
  int next() { return ++value_; }

private:
  int value_ = 0;
};

thread_local counter calls;

} // namespace

TEST_EXPORT int count_call() { return calls.next(); }
