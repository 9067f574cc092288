// The module whose frames, interrupted code and exceptions the host must find. Compiled in many variants, so
// nothing here may depend on one: every call is followed by a side effect, lest the compiler makes a tail
// call of it.
#include "module.hpp"

#include <typeinfo>

DEPARTURE_EXPORT departure::call_function departure_bridge;      // in another library, with unwind tables
DEPARTURE_EXPORT departure::call_function departure_bare_bridge; // in another library, without

namespace {

volatile unsigned finished;

void finish() { finished = finished + 1; }

// Calls the host while an exception passes.
class calls_when_destroyed {
public:
  calls_when_destroyed(departure::callback back, void* argument)
      : back_(back)
      , argument_(argument) {}
  calls_when_destroyed(const calls_when_destroyed&) = delete;
  calls_when_destroyed& operator=(const calls_when_destroyed&) = delete;
  ~calls_when_destroyed() {
    back_(argument_);
    finish();
  }

private:
  departure::callback back_;
  void* argument_;
};

struct own_error {
  virtual ~own_error() { finish(); }
};

[[noreturn]] void fail_under_guard(departure::callback back, void* argument) {
  const calls_when_destroyed guard(back, argument);
  throw own_error();
}

} // namespace

DEPARTURE_EXPORT void departure_call(departure::callback back, void* argument) {
  back(argument);
  finish();
}

DEPARTURE_EXPORT __attribute__((noinline)) void departure_recurse(unsigned depth, departure::callback back,
                                                                  void* argument) {
  if (depth == 0)
    back(argument);
  else
    departure_recurse(depth - 1, back, argument);
  finish();
}

DEPARTURE_EXPORT void departure_virtual(departure::listener& to) {
  to.called();
  finish();
}

DEPARTURE_EXPORT void departure_first(const departure::call_table& table, std::size_t, void* argument) {
  table.first(argument);
  finish();
}

DEPARTURE_EXPORT void departure_near(const departure::call_table& table, std::size_t, void* argument) {
  table.near_by[3](argument);
  finish();
}

DEPARTURE_EXPORT void departure_far(const departure::call_table& table, std::size_t, void* argument) {
  table.far_off[3](argument);
  finish();
}

DEPARTURE_EXPORT void departure_near_indexed(const departure::call_table& table, std::size_t index,
                                             void* argument) {
  table.near_by[index](argument);
  finish();
}

DEPARTURE_EXPORT void departure_far_indexed(const departure::call_table& table, std::size_t index,
                                            void* argument) {
  table.far_off[index](argument);
  finish();
}

DEPARTURE_EXPORT void departure_plt(departure::callback back, void* argument) {
  departure_bridge(back, argument);
  finish();
}

DEPARTURE_EXPORT void departure_bare_middle(departure::callback back, void* argument) {
  departure_bare_bridge(back, argument);
  finish();
}

DEPARTURE_EXPORT void departure_wait(const volatile int& stop) {
  while (stop == 0) continue;
}

// An instruction that no processor knows: the host's exception handler runs right here, and goes on behind
// it.
DEPARTURE_EXPORT void departure_trap(const volatile int&) {
#if defined(__x86_64__) || defined(__i386__)
  __asm__ volatile("ud2");
#endif
}

DEPARTURE_EXPORT void departure_unwind(departure::callback back, void* argument) {
  try {
    fail_under_guard(back, argument);
  } catch (const own_error&) {
    finish();
  }
}

DEPARTURE_EXPORT void departure_catch(departure::callback back, void* argument) {
  try {
    throw own_error();
  } catch (const own_error&) {
    back(argument);
    finish();
  }
}

DEPARTURE_EXPORT void departure_throw() { throw own_error(); }

DEPARTURE_EXPORT void departure_throw_pointer() {
  static own_error error;
  throw &error;
}

DEPARTURE_EXPORT const void* departure_library_type() { return &typeid(std::bad_cast); }
DEPARTURE_EXPORT void departure_throw_library_type() { throw std::bad_cast(); }
