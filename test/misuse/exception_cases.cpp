// Exceptions of a module that outlive its last handle.
#include "case.hpp"
#include "modules/interface.hpp"

#include <cstring>
#include <thread>

namespace misuse {
namespace {

template <class Way> struct closes_at_end {
  Way& way;
  typename Way::module module;
  verdict& then;
  ~closes_at_end() {
    module.reset();
    then = way.let_go("toolbox");
  }
};

// A guard closes the module while the stack is unwound; the host then looks at the exception.
template <class Name, class What> constexpr auto exception_over_close(Name, What) {
  return [](auto& way) {
    verdict then;
    try {
      closes_at_end<std::decay_t<decltype(way)>> guard{way, way.open(way.file("toolbox")), then};
      address_of<void()>(guard.module, Name{}())();
    } catch (const std::exception& e) {
      expect(std::strcmp(e.what(), What{}()) == 0, "the exception has its text");
    }
    const verdict now = way.let_go("toolbox");
    return now.is == fate::survives ? then : now;
  };
}

constexpr auto own_over_close =
    exception_over_close([] { return "throw_own"; }, [] { return "an exception of the module"; });
constexpr auto standard_over_close =
    exception_over_close([] { return "throw_std"; }, [] { return "a standard exception"; });

// An exception that the module made, kept beyond the close.
template <class Way> verdict capture_and_close(Way& way, std::exception_ptr& kept) {
  auto module = way.open(way.file("toolbox"));
  address_of<void(std::exception_ptr*)>(module, "capture")(&kept);
  module.reset();
  return way.let_go("toolbox");
}

void rethrow(const std::exception_ptr& kept) {
  try {
    std::rethrow_exception(kept);
  } catch (const std::exception& e) {
    expect(std::strcmp(e.what(), "an exception of the module") == 0, "the exception has its text");
  }
}

constexpr auto exception_pointer = [](auto& way) {
  const auto kept = std::make_unique<std::exception_ptr>();
  const verdict v = capture_and_close(way, *kept);
  rethrow(*kept);
  return v;
};

constexpr auto exception_pointer_destroyed = [](auto& way) {
  const auto kept = std::make_unique<std::exception_ptr>();
  const verdict v = capture_and_close(way, *kept);
  *kept = nullptr;
  return v;
};

constexpr auto rethrown_elsewhere = [](auto& way) {
  const auto kept = std::make_unique<std::exception_ptr>();
  const verdict v = capture_and_close(way, *kept);
  std::thread([&] { rethrow(*kept); }).join();
  return v;
};

// The module's exception is nested in one of the host's, and the module is closed on the way up.
constexpr auto nested_exception = [](auto& way) {
  verdict then;
  try {
    closes_at_end<std::decay_t<decltype(way)>> guard{way, way.open(way.file("toolbox")), then};
    try {
      address_of<void()>(guard.module, "throw_own")();
    } catch (const std::exception&) {
      std::throw_with_nested(std::runtime_error("the host's"));
    }
  } catch (const std::exception& outer) {
    try {
      std::rethrow_if_nested(outer);
    } catch (const std::exception& inner) {
      expect(std::strcmp(inner.what(), "an exception of the module") == 0,
             "the inner exception has its text");
    }
  }
  return then;
};

// Closed inside the handler, which then throws the exception again.
constexpr auto closed_in_handler = [](auto& way) {
  verdict then;
  auto module = way.open(way.file("toolbox"));
  try {
    try {
      address_of<void()>(module, "throw_own")();
    } catch (const std::exception&) {
      module.reset();
      then = way.let_go("toolbox");
      throw;
    }
  } catch (const std::exception& e) {
    expect(std::strcmp(e.what(), "an exception of the module") == 0, "the exception has its text");
  }
  const verdict now = way.let_go("toolbox");
  return now.is == fate::survives ? then : now;
};

} // namespace

case_table exception_cases() {
  return {
      {"a04a", "the module's own exception is in flight while a guard closes the module", own_over_close,
       own_stack_sees()},
      {"a04b", "the same with a standard exception", standard_over_close, survives()},
      {"a04c", "an exception_ptr of the module is rethrown after the close", exception_pointer,
       references_see()},
      {"a04d", "the same on another thread", rethrown_elsewhere, references_see()},
      {"a04e", "an exception_ptr of the module is dropped after the close", exception_pointer_destroyed,
       references_see()},
      {"a04f", "the module's exception is nested in the host's, which is in flight at the close",
       nested_exception, own_stack_sees()},
      {"a04g", "the module is closed in the handler of its exception, which throws it again",
       closed_in_handler, own_stack_sees()},
  };
}

} // namespace misuse
