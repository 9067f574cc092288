#include "left_behind.hpp"

#include <cstdlib>
#include <list>
#include <map>

#include <pthread.h>

namespace departure {
namespace {

class module_visitor final : public visitor {
public:
  int visit() override { return 1; }
};

struct module_value { // whose manager is the module's
  int number[8]{};
};

class module_category final : public std::error_category {
public:
  const char* name() const noexcept override { return "left behind"; }
  std::string message(int) const override { return "left behind"; }
};

class module_exception final : public std::exception {
public:
  const char* what() const noexcept override { return "left behind"; }
};

struct task {
  struct promise_type {
    task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

task suspended() { co_await std::suspend_always{}; }

const module_category category;
char environment[] = "LEFT_BEHIND=yes";
char buffer[4096];
thread_local const void* volatile remembered;

visitor* new_visitor() { return new module_visitor; }
std::function<int()> function() {
  return [] { return 1; };
}
std::shared_ptr<int> owner_with_deleter() {
  return {new int(1), [](int* p) { delete p; }};
}
std::any any() { return module_value{}; }
std::error_code error() { return {1, category}; }
std::exception_ptr exception() { return std::make_exception_ptr(module_exception{}); }
std::coroutine_handle<> coroutine() { return suspended().handle; }
const char* literal() { return "a literal of the module"; }
void nothing() {}
void nothing_with(void*) {}
void on_signal(int) {}
void on_exit(int, void*) {}
void on_timer(sigval) {}
int visit(void*) { return 1; }
visitor_table table() { return {visit, nothing_with}; }
visitor_table* kept_table() {
  static std::unique_ptr<visitor_table> kept;
  if (!kept) kept = std::make_unique<visitor_table>(table());
  return kept.get();
}
void keep_many() {
  static std::map<int, std::list<std::unique_ptr<visitor>>> kept;
  for (int i = 0; i != 3000; ++i) kept[i % 100].emplace_back(new module_visitor);
}
void touch_thread_local() { remembered = environment; }
void stop_at_exit() {
  std::atexit(nothing);
  ::pthread_atfork(nothing, nothing, nothing);
}

} // namespace
} // namespace departure

// Filled on demand: a host that holds the table itself would point into the module.
extern "C" void left_behind(departure::left_behind& out) {
  using namespace departure;
  out = {new_visitor,
         function,
         owner_with_deleter,
         any,
         error,
         exception,
         coroutine,
         literal,
         table,
         kept_table,
         keep_many,
         touch_thread_local,
         stop_at_exit,
         nothing,
         nothing_with,
         on_signal,
         departure::on_exit,
         on_timer,
         environment,
         buffer,
         sizeof buffer};
}
