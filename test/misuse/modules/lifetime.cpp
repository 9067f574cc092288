// An ordinary plug-in, of which the host keeps what it should not.
#include "interface.hpp"

#include <coroutine>
#include <memory_resource>
#include <streambuf>
#include <typeindex>

namespace {

class telling_widget final : public widget {
public:
  ~telling_widget() override {
    if (in_destructor != nullptr) in_destructor(context);
    ended = ended + 1;
  }
  int value() const override { return 42; }
  int call(callback function, void* argument) override {
    function(argument);
    volatile int result = 42; // its own frame is needed once more, and the object is not
    return result;
  }
};

class own_category final : public std::error_category {
public:
  const char* name() const noexcept override { return "toolbox"; }
  std::string message(int) const override { return "a message of the module"; }
};

const own_category the_category;

struct own_error final : std::exception {
  const char* what() const noexcept override { return "an exception of the module"; }
};

struct own_type {
  std::string text = "a value of the module";
};

class own_resource final : public std::pmr::memory_resource {
  void* do_allocate(std::size_t size, std::size_t) override { return ::operator new(size); }
  void do_deallocate(void* memory, std::size_t, std::size_t) override { ::operator delete(memory); }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

own_resource the_resource;

struct own_buffer final : std::streambuf {
  int overflow(int c) override { return c; }
};

own_buffer the_buffer;

struct own_listener final : listener {
  int told() const override { return 42; }
};

own_listener the_listener;

struct own_task {
  struct promise_type {
    own_task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

own_task set_to_42(int* result) {
  *result = 42;
  co_return;
}

} // namespace

MISUSE_EXPORT int answer() { return 42; }
MISUSE_EXPORT int number;
int number = 42;
MISUSE_EXPORT widget* make_widget() { return new telling_widget; }
MISUSE_EXPORT widget* make_nothing() { return nullptr; }

MISUSE_EXPORT int call_back(callback function, void* context) {
  function(context);
  volatile int result = 42;
  return result;
}

// The state is on the heap: destroying the function takes code of the module.
MISUSE_EXPORT void make_function(std::function<int()>* out) {
  *out = [text = std::make_shared<std::string>("forty-two")] { return text->size() == 9 ? 42 : 0; };
}
MISUSE_EXPORT void make_shared_number(std::shared_ptr<int>* out) {
  *out = std::shared_ptr<int>(new int(42), [](int* p) { delete p; });
}
MISUSE_EXPORT const char* literal() { return "a literal of the module"; }
MISUSE_EXPORT void make_code(std::error_code* out) { *out = {1, the_category}; }
MISUSE_EXPORT void make_any(std::any* out) { *out = own_type{}; }
MISUSE_EXPORT const std::type_info* own_type_info() { return &typeid(own_type); }
MISUSE_EXPORT std::pmr::memory_resource* resource() { return &the_resource; }
MISUSE_EXPORT std::streambuf* buffer() { return &the_buffer; }
MISUSE_EXPORT const listener* static_listener() { return &the_listener; }
MISUSE_EXPORT void* make_coroutine(int* result) { return set_to_42(result).handle.address(); }

MISUSE_EXPORT void throw_own() { throw own_error(); }
MISUSE_EXPORT void throw_std() { throw std::runtime_error("a standard exception"); }
MISUSE_EXPORT void capture(std::exception_ptr* out) { *out = std::make_exception_ptr(own_error()); }
MISUSE_EXPORT void throw_and_catch() {
  try {
    throw own_error();
  } catch (const std::exception&) {
  }
}
