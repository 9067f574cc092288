// A plug-in with something to destroy at the end of each thread that used it.
#include "modules/interface.hpp"

namespace {

int ended = 0; // threads that used it

// MinGW's runtime gives a thread's objects back before it destroys them: a destructor that wrote to its object would
// write into the heap's list of free blocks.
class counter {
public:
  ~counter() { ++ended; }
  int next() { return ++value_; }

private:
  int value_ = 0;
};

thread_local counter calls;

} // namespace

TEST_EXPORT int count_call() { return calls.next(); }
