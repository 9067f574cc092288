// What the module of the reference scan's tests gives its host to leave somewhere.
#ifndef TENURE_TEST_DEPARTURE_LEFT_BEHIND_HPP
#define TENURE_TEST_DEPARTURE_LEFT_BEHIND_HPP

#include <any>
#include <coroutine>
#include <csignal>
#include <exception>
#include <functional>
#include <memory>
#include <system_error>

namespace departure {

class visitor {
public:
  virtual ~visitor() = default;
  virtual int visit() = 0;
};

struct visitor_table { // a C interface's
  int (*visit)(void*);
  void (*end)(void*);
};

// Everything that it hands out. A host gets at it by the function `left_behind`, so that no name needs a
// look-up.
struct left_behind {
  visitor* (*new_visitor)();
  std::function<int()> (*function)();
  std::shared_ptr<int> (*owner_with_deleter)();
  std::any (*any)();
  std::error_code (*error)();
  std::exception_ptr (*exception)();
  std::coroutine_handle<> (*coroutine)();
  const char* (*literal)();
  visitor_table (*table)();
  visitor_table* (*kept_table)(); // on the heap, kept by the module, and made when first asked for
  void (*keep_many)();            // objects, in lists and maps of its own
  void (*touch_thread_local)();   // which points into the module, and has no destructor
  void (*stop_at_exit)();         // registers an exit handler, and fork handlers, of its own
  void (*call)();
  void (*call_with)(void*);
  void (*on_signal)(int);
  void (*on_exit)(int, void*);
  void (*on_timer)(sigval);
  char* variable; // "LEFT_BEHIND=yes"
  char* buffer;
  std::size_t buffer_size;
};

} // namespace departure

#endif
