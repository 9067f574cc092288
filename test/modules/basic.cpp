// An ordinary plug-in: functions, a variable, an object with a factory.
#include "interface.hpp"

namespace {

class basic_widget final : public widget {
public:
  int value() const override { return 42; }
};

} // namespace

TEST_EXPORT int answer() { return 42; }
TEST_EXPORT int add(int a, int b) { return a + b; }
TEST_EXPORT int version;
int version = 7;
TEST_EXPORT widget* make_widget() { return new basic_widget; }
TEST_EXPORT widget* make_nothing() { return nullptr; }
TEST_EXPORT void free_widget(widget* w) { delete w; }

// An interface as C has them: the host knows the type's name, and nothing else.
struct basic_counter {
  int count;
};
TEST_EXPORT basic_counter* counter_new(int first) { return new basic_counter{first}; }
TEST_EXPORT int counter_next(basic_counter* c) { return c->count++; }
int counters_freed;
TEST_EXPORT void counter_free(basic_counter* c) {
  ++counters_freed;
  delete c;
}
TEST_EXPORT int counters_freed_so_far() { return counters_freed; }

#if defined(__ELF__)
// An absolute symbol, of which the loader says that it is there, at address 0.
__asm__(".globl null_function\n.set null_function, 0\n");
#endif

// Calls the host back, so that this module's code is on the stack meanwhile.
TEST_EXPORT int call_back(void (*function)(void*), void* context) {
  function(context);
  return 1; // not a tail call
}
