// Leaves something of itself with the process.
#include "interface.hpp"

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <locale>
#include <new>
#include <syslog.h>
#include <unistd.h>

namespace {

volatile int handled;
char environment_text[] = "TENURE_MISUSE_TEXT=of the module";
char identifier[] = "module";
char stdio_buffer[BUFSIZ];

void note() { handled = handled + 1; }
void note_signal(int) { handled = handled + 1; }
void note_value(void*) { handled = handled + 1; }
void note_exit(int, void*) { handled = handled + 1; }
void note_timer(sigval) { handled = handled + 1; }

void give_up_memory() {
  handled = handled + 1;
  throw std::bad_alloc();
}

ssize_t write_nothing(void*, const char*, std::size_t size) {
  handled = handled + 1;
  return static_cast<ssize_t>(size);
}

struct own_punctuation final : std::numpunct<char> {
  char do_decimal_point() const override { return '#'; }
};

} // namespace

MISUSE_EXPORT int handled_count() { return handled; }
MISUSE_EXPORT void function_for_exit() { note(); }

MISUSE_EXPORT void leave_atexit() { std::atexit(note); }
MISUSE_EXPORT void leave_on_exit() { ::on_exit(note_exit, nullptr); }
MISUSE_EXPORT void leave_quick_exit() { std::at_quick_exit(note); }
MISUSE_EXPORT void leave_signal_handler() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  ::sigaction(SIGUSR1, &action, nullptr);
}
MISUSE_EXPORT void leave_environment() { ::putenv(environment_text); }
MISUSE_EXPORT void leave_log_identifier() { ::openlog(identifier, LOG_PERROR, LOG_USER); }
MISUSE_EXPORT void leave_stdio_buffer() { std::setvbuf(stderr, stdio_buffer, _IOFBF, sizeof stdio_buffer); }
MISUSE_EXPORT void leave_new_handler() { std::set_new_handler(give_up_memory); }
MISUSE_EXPORT void leave_terminate_handler() {
  std::set_terminate([] { ::_exit(0); });
}
MISUSE_EXPORT void leave_atfork() { ::pthread_atfork(note, note, note); }
MISUSE_EXPORT void leave_key(pthread_key_t* key) { ::pthread_key_create(key, note_value); }
MISUSE_EXPORT void leave_stream(std::FILE** out) {
  cookie_io_functions_t functions{};
  functions.write = write_nothing;
  *out = ::fopencookie(nullptr, "w", functions);
}
MISUSE_EXPORT void leave_locale() { std::locale::global(std::locale(std::locale(), new own_punctuation)); }

// A timer whose end starts a thread in the module.
MISUSE_EXPORT void leave_timer(timer_t* timer) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = note_timer;
  ::timer_create(CLOCK_MONOTONIC, &event, timer);
}
