#include "cases.hpp"

#include <exception>
#include <stdexcept>

namespace departure {
namespace {

using enum os::stack_evidence;

template <const char* Name> void while_throwing(const loaded_module& module, observer& host) {
  module.function<call_function>(Name)(&observer::look, &host);
}

template <const char* Name> void throw_by(const loaded_module& module) {
  module.function<throw_function>(Name)();
}

template <const char* Name> void host_catches(const loaded_module& module, observer& host) {
  try {
    throw_by<Name>(module);
  } catch (...) {
    wipe_dead_stack();
    host.look();
  }
}

// Looks while an exception that came from the module unwinds the host: the module's frame is gone.
class looks_when_destroyed {
public:
  explicit looks_when_destroyed(observer& host)
      : host_(host) {}
  looks_when_destroyed(const looks_when_destroyed&) = delete;
  looks_when_destroyed& operator=(const looks_when_destroyed&) = delete;
  ~looks_when_destroyed() {
    wipe_dead_stack();
    host_.look();
  }

private:
  observer& host_;
};

template <const char* Name>
DEPARTURE_NOT_INLINED void unwind_host(const loaded_module& module, observer& host) {
  const looks_when_destroyed guard(host);
  throw_by<Name>(module);
}

template <const char* Name> void host_unwinds(const loaded_module& module, observer& host) {
  try {
    unwind_host<Name>(module, host);
  } catch (...) {
    return;
  }
}

template <const char* Name> std::exception_ptr stored(const loaded_module& module) {
  try {
    throw_by<Name>(module);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

template <const char* Name> void kept_exception(const loaded_module& module, observer& host) {
  const std::exception_ptr kept = stored<Name>(module);
  wipe_dead_stack();
  host.look();
}

template <const char* Name> void rethrown_and_caught(const loaded_module& module, observer& host) {
  const std::exception_ptr kept = stored<Name>(module);
  try {
    std::rethrow_exception(kept);
  } catch (...) {
    wipe_dead_stack();
    host.look();
  }
}

DEPARTURE_NOT_INLINED void rethrow_under_guard(const std::exception_ptr& kept, observer& host) {
  const looks_when_destroyed guard(host);
  std::rethrow_exception(kept);
}

template <const char* Name> void rethrown_and_unwinding(const loaded_module& module, observer& host) {
  const std::exception_ptr kept = stored<Name>(module);
  try {
    rethrow_under_guard(kept, host);
  } catch (...) {
    return;
  }
}

// The module's exception is being handled below one of the host's.
template <const char* Name> void nested_handlers(const loaded_module& module, observer& host) {
  try {
    throw_by<Name>(module);
  } catch (...) {
    try {
      throw 1;
    } catch (int) {
      wipe_dead_stack();
      host.look();
    }
  }
}

// The module's exception is kept by one of the host's.
template <const char* Name> DEPARTURE_NOT_INLINED void throw_around(const loaded_module& module) {
  try {
    throw_by<Name>(module);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("the host's"));
  }
}

template <const char* Name> void nested_and_caught(const loaded_module& module, observer& host) {
  try {
    throw_around<Name>(module);
  } catch (const std::exception&) {
    wipe_dead_stack();
    host.look();
  }
}

template <const char* Name> void nested_and_unwinding(const loaded_module& module, observer& host) {
  try {
    const looks_when_destroyed guard(host);
    throw_around<Name>(module);
  } catch (const std::exception&) {
    return;
  }
}

void own_exception(const loaded_module&, observer& host) {
  try {
    throw 1;
  } catch (int) {
    wipe_dead_stack();
    host.look();
  }
}

void own_unwinding(const loaded_module&, observer& host) {
  try {
    const looks_when_destroyed guard(host);
    throw 1;
  } catch (int) {
    return;
  }
}

constexpr char unwind[] = "departure_unwind", handle[] = "departure_catch", object[] = "departure_throw";
constexpr char pointer[] = "departure_throw_pointer", library[] = "departure_throw_library_type";

// Whether an exception of a type of the C++ library needs the module: if that library was linked into it (as
// zig does it), and where a DLL calls another one's destructor, which it does by a stub of its own.
#if defined(_WIN32)
os::stack_evidence library_type_of(const loaded_module&) { return exception_in_flight; }
#else
os::stack_evidence library_type_of(const loaded_module& module) {
  const void* const type = module.function<type_function>("departure_library_type")();
  return module.image().whole.contains(reinterpret_cast<std::uintptr_t>(type)) ? exception_in_flight : none;
}
#endif

} // namespace

std::vector<test_case> exception_cases(const loaded_module& module) {
  const os::stack_evidence library_type = library_type_of(module);
  return {
      {"destructor in the module, unwinding", return_address, while_throwing<unwind>},
      {"catch block in the module", return_address, while_throwing<handle>},
      {"catch block in the host", exception_in_flight, host_catches<object>},
      {"catch block in the host, pointer thrown", exception_in_flight, host_catches<pointer>},
      {"catch block in the host, library's type", library_type, host_catches<library>},
      {"destructor in the host, unwinding", exception_in_flight, host_unwinds<object>},
      {"the same, pointer thrown", exception_in_flight, host_unwinds<pointer>},
      {"the same, library's type", library_type, host_unwinds<library>},
      {"exception_ptr kept", none, kept_exception<object>},
      {"exception_ptr rethrown and caught", exception_in_flight, rethrown_and_caught<object>},
      {"exception_ptr rethrown, unwinding", exception_in_flight, rethrown_and_unwinding<object>},
      {"handled below another one", exception_in_flight, nested_handlers<object>},
      {"nested in the host's, caught", exception_in_flight, nested_and_caught<object>},
      {"nested in the host's, unwinding", exception_in_flight, nested_and_unwinding<object>},
      {"the host's own exception, caught", none, own_exception},
      {"the host's own exception, unwinding", none, own_unwinding},
  };
}

} // namespace departure
