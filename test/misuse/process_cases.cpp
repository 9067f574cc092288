// What a module leaves with the process: handlers, buffers, names.
#include "case.hpp"
#include "child.hpp"
#include "modules/interface.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <locale>
#include <new>
#include <semaphore>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

namespace misuse {
namespace {

// The module leaves something behind, is closed, and the process comes to use it.
template <class Leave, class Use> constexpr auto left_behind(Leave, Use) {
  return [](auto& way) {
    auto module = way.open(way.file("toolbox"));
    address_of<void()>(module, Leave{}())();
    module.reset();
    const verdict v = way.let_go("toolbox");
    Use{}(v);
    return v;
  };
}

constexpr auto at_exit = [](const verdict& v) { end_of_child(v, std::exit); };
constexpr auto at_quick = [](const verdict& v) { end_of_child(v, std::quick_exit); };

constexpr auto atexit_handler = left_behind([] { return "leave_atexit"; }, at_exit);
constexpr auto on_exit_handler = left_behind([] { return "leave_on_exit"; }, at_exit);
constexpr auto quick_exit_handler = left_behind([] { return "leave_quick_exit"; }, at_quick);

// The host itself registers a function of the module.
template <class Register, class End> constexpr auto registered_by_host(Register, End) {
  return [](auto& way) {
    auto module = way.open(way.file("toolbox"));
    Register{}(address_of<void()>(module, "function_for_exit"));
    module.reset();
    const verdict v = way.let_go("toolbox");
    End{}(v);
    return v;
  };
}
constexpr auto host_atexit = registered_by_host([](auto* f) { std::atexit(f); }, at_exit);
constexpr auto host_quick_exit = registered_by_host([](auto* f) { std::at_quick_exit(f); }, at_quick);

constexpr auto signal_handler =
    left_behind([] { return "leave_signal_handler"; }, [](const verdict&) { ::raise(SIGUSR1); });
constexpr auto environment = left_behind([] { return "leave_environment"; },
                                         [](const verdict&) {
                                           const char* const text = std::getenv("TENURE_MISUSE_TEXT");
                                           expect(text != nullptr && std::strcmp(text, "of the module") == 0,
                                                  "the environment reads as it did");
                                         });
constexpr auto log_identifier =
    left_behind([] { return "leave_log_identifier"; }, [](const verdict&) { ::syslog(LOG_DEBUG, "a line"); });
constexpr auto stdio_buffer = left_behind([] { return "leave_stdio_buffer"; },
                                          [](const verdict&) { std::fprintf(stderr, "a line\n"); });
constexpr auto new_handler = left_behind([] { return "leave_new_handler"; },
                                         [](const verdict&) {
                                           try {
                                             static_cast<void>(::operator new (std::size_t{1} << 60));
                                           } catch (const std::bad_alloc&) {
                                           }
                                         });
constexpr auto terminate_handler =
    left_behind([] { return "leave_terminate_handler"; },
                [](const verdict& v) { end_of_child(v, [](int) { std::terminate(); }); });
constexpr auto atfork_handlers = left_behind([] { return "leave_atfork"; },
                                             [](const verdict&) {
                                               const pid_t child = ::fork();
                                               if (child == 0) ::_exit(0);
                                               int status = 1;
                                               ::waitpid(child, &status, 0);
                                               expect(status == 0, "the child of fork lives");
                                             });
constexpr auto locale_facet = left_behind(
    [] { return "leave_locale"; },
    [](const verdict&) {
      expect(std::use_facet<std::numpunct<char>>(std::locale()).decimal_point() == '#', "the facet answers");
    });

constexpr auto stdio_stream = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  const auto stream = std::make_unique<std::FILE*>();
  address_of<void(std::FILE**)>(module, "leave_stream")(stream.get());
  module.reset();
  const verdict v = way.let_go("toolbox");
  expect(std::fputs("text", *stream) >= 0 && std::fclose(*stream) == 0, "the stream takes text");
  return v;
};

constexpr auto timer = [](auto& way) {
  auto module = way.open(way.file("toolbox"));
  const auto handled = std::make_unique<int (*)()>(address_of<int()>(module, "handled_count"));
  const auto kept = std::make_unique<timer_t>();
  address_of<void(timer_t*)>(module, "leave_timer")(kept.get());
  module.reset();
  const verdict v = way.let_go("toolbox");
  const itimerspec once{{}, {0, 1}};
  ::timer_settime(*kept, 0, &once, nullptr);
  while ((*handled)() == 0) ::sched_yield();
  return v;
};

} // namespace

case_table process_cases() {
  const auto stale = [](const char* id, const char* claim, body run) {
    return test_case{id, claim, run, references_see()};
  };
  return {
      {"a07a", "the module has an atexit handler", atexit_handler, survives()},
      stale("a07b", "the module has an on_exit handler", on_exit_handler),
      {"a07c", "the module has an at_quick_exit handler", quick_exit_handler, survives()},
      stale("a07d", "the host registers the module's function with at_quick_exit", host_quick_exit),
      stale("a07e", "the host registers the module's function with atexit", host_atexit),
      stale("a08a", "the module's signal handler stays installed", signal_handler),
      stale("a08b", "a string of the module is in the environment", environment),
      stale("a08c", "the module's string is the log's identifier", log_identifier),
      {"a08d", "stderr's buffer is the module's", stdio_buffer, hooks_tell()},
      {"a08e", "the module's new handler stays installed", new_handler, hooks_tell()},
      {"a08f", "the module's terminate handler stays installed", terminate_handler, hooks_tell()},
      {"a08g", "the module has atfork handlers", atfork_handlers, survives()},
      {"a08h", "a stdio stream's functions are the module's", stdio_stream,
       stale_use()}, // the stream has them mangled
      stale("a08i", "the global locale has a facet of the module", locale_facet),
      stale("a08j", "a timer starts a thread in the module", timer),
  };
}

} // namespace misuse
