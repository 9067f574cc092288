#include "cases.hpp"
#include "support/fiber.hpp"

#include <array>
#include <csignal>
#include <memory>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>

namespace departure {
namespace {

using enum os::stack_evidence;

constexpr std::size_t spare_stack_size = std::size_t{256}
                                         << 10; // qemu and sanitizers want more than SIGSTKSZ

// Memory for an alternate stack or a fiber, in a mapping of its own.
class spare_stack {
public:
  spare_stack()
      : memory_(
            ::mmap(nullptr, spare_stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  spare_stack(const spare_stack&) = delete;
  spare_stack& operator=(const spare_stack&) = delete;
  ~spare_stack() { ::munmap(memory_, spare_stack_size); }
  [[nodiscard]] void* memory() const noexcept { return memory_; }

private:
  void* memory_;
};

// The handler has no argument: what it is to do.
observer* signalled_host;
volatile int handled;

extern "C" void look_in_handler(int) {
  signalled_host->look();
  handled = 1;
}

class installed_handler {
public:
  installed_handler(int signal, observer& host, int flags = 0)
      : signal_(signal) {
    signalled_host = &host;
    handled = 0;
    struct sigaction action {};
    action.sa_handler = &look_in_handler;
    action.sa_flags = flags;
    ::sigaction(signal, &action, &before_);
  }
  installed_handler(const installed_handler&) = delete;
  installed_handler& operator=(const installed_handler&) = delete;
  ~installed_handler() { ::sigaction(signal_, &before_, nullptr); }

private:
  int signal_;
  struct sigaction before_ {};
};

class alternate_stack {
public:
  explicit alternate_stack(void* memory, int flags = 0) {
    stack_t stack{};
    stack.ss_sp = memory;
    stack.ss_size = spare_stack_size;
    stack.ss_flags = flags;
    ::sigaltstack(&stack, &before_);
  }
  alternate_stack(const alternate_stack&) = delete;
  alternate_stack& operator=(const alternate_stack&) = delete;
  ~alternate_stack() { ::sigaltstack(&before_, nullptr); }

private:
  stack_t before_{};
};

// ThreadSanitizer holds signals back until its next intercepted call, and a module that spins makes none.
#if defined(__SANITIZE_THREAD__)
constexpr bool signals_come_at_once = false;
#elif defined(__has_feature)
#  if __has_feature(thread_sanitizer)
constexpr bool signals_come_at_once = false;
#  else
constexpr bool signals_come_at_once = true;
#  endif
#else
constexpr bool signals_come_at_once = true;
#endif

void tick_every(suseconds_t microseconds) {
  const itimerval interval{{0, microseconds}, {0, microseconds}};
  ::setitimer(ITIMER_REAL, &interval, nullptr);
}

// A timer's signal arrives while the module spins; repeated, for the first may come before the module is
// entered and then proves nothing. The timer ends first: where a look takes longer than its period, the
// module would never go on.
extern "C" void look_until_inside(int) {
  signalled_host->look();
  if (!signalled_host->finding && signalled_host->looks < 50) return;
  tick_every(0);
  handled = 1;
}

void interrupt_module(const loaded_module& module, observer& host, int flags) {
  const installed_handler installed(SIGALRM, host, flags);
  struct sigaction action {};
  action.sa_handler = &look_until_inside;
  action.sa_flags = flags;
  ::sigaction(SIGALRM, &action, nullptr);
  tick_every(1000);
  module.function<wait_function>("departure_wait")(handled);
}

void interrupted(const loaded_module& module, observer& host) { interrupt_module(module, host, 0); }

void interrupted_alternate(const loaded_module& module, observer& host) {
  const spare_stack memory;
  const alternate_stack alternate(memory.memory());
  interrupt_module(module, host, SA_ONSTACK);
}

// The module called the host, and a signal stops the host.
void raise_signal(void*) { ::raise(SIGUSR1); }

void call_raising(const loaded_module& module) {
  module.function<call_function>("departure_call")(&raise_signal, nullptr);
}

void signal_below(const loaded_module& module, observer& host) {
  const installed_handler installed(SIGUSR1, host);
  call_raising(module);
}

template <int Flags> void signal_below_alternate(const loaded_module& module, observer& host) {
  const spare_stack memory;
  const alternate_stack alternate(memory.memory(), Flags);
  const installed_handler installed(SIGUSR1, host, SA_ONSTACK);
  call_raising(module);
}

// The alternate stack is an array on the ordinary one, above all frames that matter.
void signal_below_array(const loaded_module& module, observer& host) {
  alignas(16) std::array<unsigned char, spare_stack_size> memory;
  const alternate_stack alternate(memory.data());
  const installed_handler installed(SIGUSR1, host, SA_ONSTACK);
  call_raising(module);
}

void clean_alternate(const loaded_module&, observer& host) {
  const spare_stack memory;
  const alternate_stack alternate(memory.memory());
  const installed_handler installed(SIGUSR1, host, SA_ONSTACK);
  wipe_dead_stack();
  ::raise(SIGUSR1);
}

// Whether the unwinder finds its way through a signal's frame, as musl's lets nobody do: without it nobody
// can account for the frames above, and dead return addresses in them alarm.
std::uintptr_t raising_frame;
bool unwinder_passed;

_Unwind_Reason_Code look_for_raising(_Unwind_Context* context, void*) {
  unwinder_passed |= _Unwind_GetCFA(context) > raising_frame;
  return _URC_NO_REASON;
}

DEPARTURE_NOT_INLINED bool unwinder_passes_signals() {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) { _Unwind_Backtrace(&look_for_raising, nullptr); };
  raising_frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  unwinder_passed = false;
  ::sigaction(SIGUSR1, &action, &before);
  ::raise(SIGUSR1);
  ::sigaction(SIGUSR1, &before, nullptr);
  return unwinder_passed;
}

// Runs a function on a fiber and comes back.
class fiber {
public:
  void run(void (*function)()) {
    function_ = function;
    running_ = this;
    outside_.switch_to(inside_);
  }

private:
  static void enter() {
    running_->function_();
    running_->inside_.switch_to(running_->outside_);
  }

  static inline thread_local fiber* running_ = nullptr;
  tenure_test::fiber outside_, inside_{&enter};
  void (*function_)() = nullptr;
};

const loaded_module* fiber_module;

void look_here() { signalled_host->look(); }
void call_here() { fiber_module->function<call_function>("departure_call")(&observer::look, signalled_host); }
void raise_here() { call_raising(*fiber_module); }
void look_on_fiber(void*) { std::make_unique<fiber>()->run(&look_here); }

void module_on_fiber(const loaded_module& module, observer& host) {
  fiber_module = &module;
  signalled_host = &host;
  std::make_unique<fiber>()->run(&call_here);
}

void module_below_fiber(const loaded_module& module, observer& host) {
  signalled_host = &host;
  module.function<call_function>("departure_call")(&look_on_fiber, nullptr);
}

// Three stacks: the thread's, the fiber's with the module on it, the alternate one.
void signal_on_fiber(const loaded_module& module, observer& host) {
  const spare_stack memory;
  const alternate_stack alternate(memory.memory());
  const installed_handler installed(SIGUSR1, host, SA_ONSTACK);
  fiber_module = &module;
  std::make_unique<fiber>()->run(&raise_here);
}

using step = void (*)(const loaded_module&, observer&);

// On a thread of its own: another stack, and no leftovers of earlier cases on it.
template <step Step> void on_thread(const loaded_module& module, observer& host) {
  struct job {
    const loaded_module& module;
    observer& host;
  } todo{module, host};
  pthread_t thread;
  const auto body = [](void* argument) -> void* {
    const job& mine = *static_cast<job*>(argument);
    (void)os::scan_own_stack(mine.module.image()); // the first on a thread may not be in a signal handler
    Step(mine.module, mine.host);
    return nullptr;
  };
  ::pthread_create(&thread, nullptr, body, &todo);
  ::pthread_join(thread, nullptr);
}

void plain_call(const loaded_module& module, observer& host) {
  module.function<call_function>("departure_call")(&observer::look, &host);
}

void plain_look(const loaded_module&, observer& host) { host.look(); }

thread_local const void* volatile remembered_call; // as ThreadSanitizer remembers them

DEPARTURE_NOT_INLINED void remember_call(void*) { remembered_call = __builtin_return_address(0); }

void returned_call(const loaded_module& module, observer& host) {
  module.function<call_function>("departure_call")(&remember_call, &host);
  wipe_dead_stack();
  host.look();
}

void clean_fiber(const loaded_module&, observer& host) {
  signalled_host = &host;
  look_on_fiber(nullptr);
}

#if defined(SS_AUTODISARM)
constexpr int disarmed = static_cast<int>(SS_AUTODISARM);
#else
constexpr int disarmed = 0;
#endif

} // namespace

std::vector<test_case> system_cases() {
  std::vector<test_case> all = {
      {"signal in the module's callback", return_address, signal_below},
      {"the same, on an alternate stack", return_address, signal_below_alternate<0>},
      {"the same, the stack disarmed meanwhile", return_address, signal_below_alternate<disarmed>},
      {"the same, an array as alternate stack", return_address, signal_below_array},
      {"module on a fiber", return_address, module_on_fiber},
      {"module below a fiber", return_address, module_below_fiber},
      {"signal on the module's fiber", return_address, signal_on_fiber},
      {"fiber, nothing of the module", none, on_thread<clean_fiber>},
      {"module on a thread", return_address, on_thread<plain_call>},
      {"module below a thread's fiber", return_address, on_thread<module_below_fiber>},
      {"thread, alternate stack", return_address, on_thread<signal_below_alternate<0>>},
      {"thread, nothing of the module", none, on_thread<plain_look>},
      {"thread, a call that has returned in its thread-local storage", none, on_thread<returned_call>},
  };
  if (unwinder_passes_signals()) all.push_back({"signal, nothing of the module", none, clean_alternate});
  if (!signals_come_at_once) return all;
  all.push_back({"signal interrupts the module", interrupted_code, interrupted});
  all.push_back({"the same, on an alternate stack", interrupted_code, interrupted_alternate});
  return all;
}

} // namespace departure
