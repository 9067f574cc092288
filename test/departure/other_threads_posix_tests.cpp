// Other threads on Linux: system calls, signals, forks, and what a kernel may refuse.
#include "other_thread.hpp"
#include "support/fiber.hpp"
#include "support/sanitizers.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace departure {

std::uint64_t this_thread_number() noexcept { return static_cast<std::uint64_t>(::syscall(SYS_gettid)); }
int last_error() noexcept { return errno; }
void set_last_error(int value) noexcept { errno = value; }
extern const bool waits_have_room = false;

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

namespace {

class pipe_pair {
public:
  pipe_pair() { REQUIRE(::pipe(ends_) == 0); }
  pipe_pair(const pipe_pair&) = delete;
  pipe_pair& operator=(const pipe_pair&) = delete;
  ~pipe_pair() { ::close(ends_[0]), ::close(ends_[1]); }
  [[nodiscard]] int in() const noexcept { return ends_[0]; }
  void let_go() const { REQUIRE(::write(ends_[1], "x", 1) == 1); }

private:
  int ends_[2]{};
};

void block_all_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

// Every signal's handler and flags, as the application sees them.
std::vector<std::pair<void*, int>> dispositions() {
  std::vector<std::pair<void*, int>> all;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0)
      all.emplace_back(reinterpret_cast<void*>(action.sa_handler), action.sa_flags);
  }
  return all;
}

// What a child process says with its exit code; a crash or a hang is another one.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

// The evidence that a scan in a child finds about one thread, which `step` keeps where it is.
int evidence_in_child(busy_thread::body what, const std::function<void()>& restrict) {
  return in_child([&] {
    busy_thread thread(std::move(what));
    if (!thread.is_there()) return 100;
    restrict();
    const int found = static_cast<int>(scan_answered(any_module().image()).evidence);
    ::_exit(found);
    return found;
  });
}

constexpr int is_outside = static_cast<int>(thread_evidence::none);
constexpr int has_called = static_cast<int>(thread_evidence::return_address);

// From now on the system call fails with EPERM, in every thread.
void refuse(unsigned call) {
  std::array<sock_filter, 4> program{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0)
    ::_exit(101);
}

// The folder of threads can be opened, and nothing else: every thread must be asked by a signal.
void leave_one_descriptor() {
  const int next = ::dup(0);
  ::close(next);
  const rlimit limit{static_cast<rlim_t>(next) + 1, static_cast<rlim_t>(next) + 1};
  if (next < 0 || ::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(102);
}

void no_restriction() {}

busy_thread::body clean_wait() {
  return [](busy_thread& self) {
    wipe_dead_stack();
    arrive_and_wait(self);
  };
}

busy_thread::body wait_inside() { return inside(any_module(), "departure_call", arrive_and_wait); }

} // namespace

TEST_CASE("a thread that waits in a system call for the module is found") {
  const loaded_module& module = any_module();
  const pipe_pair pipe;
  const auto read_pipe = [&](busy_thread& self) {
    char byte = 0;
    self.arrive();
    (void)!::read(pipe.in(), &byte, 1);
  };
  const auto poll_pipe = [&](busy_thread& self) {
    pollfd both{pipe.in(), POLLIN, 0};
    self.arrive();
    while (::poll(&both, 1, -1) < 0) continue;
  };
  for (const busy_thread::body& step : {busy_thread::body(read_pipe), busy_thread::body(poll_pipe)}) {
    busy_thread thread(inside(module, "departure_call", step));
    REQUIRE(thread.is_there());
    for (int i = 0; i != 100; ++i) REQUIRE(is_inside(scan_answered(module.image()), thread, module));
    pipe.let_go();
  }
}

TEST_CASE("a call that has returned counts for nothing in a thread's thread-local storage") {
  static thread_local const void* volatile remembered = nullptr;
  const loaded_module& module = any_module();
  const auto remember = [&](const busy_thread::body& step) {
    return [&module, step](busy_thread& self) {
      module.function<call_function>("departure_call")(
          [](void*) { remembered = __builtin_return_address(0); }, nullptr);
      wipe_dead_stack();
      step(self);
    };
  };
  for (const busy_thread::body& step :
       {busy_thread::body(arrive_and_wait), busy_thread::body(arrive_and_spin)}) {
    busy_thread thread(remember(step));
    REQUIRE(thread.is_there());
    const thread_finding found = scan_answered(module.image());
    if (os::calls_are_recognised && !tenure_test::address_sanitizer && !tenure_test::thread_sanitizer)
      CHECK(!found);
  }
}

// The module itself makes the call: pause has the type of a callback but for an argument that it does not
// read.
TEST_CASE("a thread in a system call that the module itself made is found") {
  struct ignore {
    static void signal(int) {}
  };
  struct sigaction action {
  }, before{};
  action.sa_handler = &ignore::signal;
  ::sigaction(SIGUSR2, &action, &before);
  for (const auto& module : modules()) {
    std::atomic<bool> left{false};
    std::atomic<pthread_t> handle{};
    busy_thread thread([&](busy_thread& self) {
      handle = ::pthread_self();
      self.arrive();
      module->function<call_function>("departure_call")(
          reinterpret_cast<callback>(reinterpret_cast<void*>(&::pause)), nullptr);
      left = true;
    });
    REQUIRE(thread.is_there());
    thread_finding found;
    for (int i = 0; i != 10'000 && found.evidence != thread_evidence::return_address; ++i)
      found = scan_other_threads(module->image());
    CHECK(is_inside(found, thread, *module));
    while (!left) {
      ::pthread_kill(handle, SIGUSR2);
      std::this_thread::yield();
    }
  }
  ::sigaction(SIGUSR2, &before, nullptr);
}

TEST_CASE("a thread that blocks all signals is read while it waits, and counts as inside while it spins") {
  const loaded_module& module = any_module();
  const auto deaf = [](busy_thread::body step) {
    return [step](busy_thread& self) {
      block_all_signals();
      wipe_dead_stack();
      step(self);
    };
  };
  {
    busy_thread asleep(deaf(arrive_and_wait));
    REQUIRE(asleep.is_there());
    if (os::calls_are_recognised && !tenure_test::address_sanitizer && !tenure_test::thread_sanitizer)
      CHECK(!scan_answered(module.image()));
  }
  for (const bool within : {false, true}) {
    const busy_thread::body step =
        within ? inside(module, "departure_call", arrive_and_spin) : arrive_and_spin;
    busy_thread spinning(deaf(step));
    REQUIRE(spinning.is_there());
    for (int i = 0; i != 5; ++i) {
      const thread_finding found = scan_other_threads(module.image());
      CHECK(found.evidence == thread_evidence::no_answer);
      CHECK(found.thread == spinning.number());
    }
  }
}

TEST_CASE("the application's signals are as they were, also when threads were asked by one") {
  const loaded_module& module = any_module();
  const auto before = dispositions();
  busy_thread spinning([](busy_thread& self) {
    wipe_dead_stack();
    arrive_and_spin(self);
  });
  busy_thread calling(inside(module, "departure_call", arrive_and_spin));
  REQUIRE((spinning.is_there() && calling.is_there()));
  sigset_t mask_before, mask_after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_before);
  for (int i = 0; i != 20; ++i) (void)scan_other_threads(module.image());
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_after);
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    CHECK(::sigismember(&mask_before, signal) == ::sigismember(&mask_after, signal));
  const auto restored = [&] { // once the last signal has arrived, and a scan has found that
    (void)scan_other_threads(module.image());
    return dispositions() == before;
  };
  if (!tenure_test::thread_sanitizer)
    CHECK(tenure_test::eventually(restored)); // which may hold a signal back
}

TEST_CASE("a signal that nobody took is harmless when it arrives, whatever has happened since") {
  const loaded_module& module = any_module();
  std::atomic<bool> open{false};
  busy_thread thread([&](busy_thread& self) {
    self.arrive();
    while (self.may_go_on()) { // in turn deaf and not, so that some signals are sent just before it goes deaf
      sigset_t all, before;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &before);
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(3);
      while (std::chrono::steady_clock::now() < end) continue;
      ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
      open = true;
    }
  });
  REQUIRE(thread.is_there());
  for (int i = 0; i != 200; ++i) (void)scan_other_threads(module.image());
  CHECK(open);
}

TEST_CASE("with no unused real-time signal a running thread gives no answer, and no handler is replaced") {
  CHECK(evidence_in_child(arrive_and_spin, [] {
          struct sigaction action {};
          action.sa_handler = [](int) { ::_exit(103); };
          for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) ::sigaction(signal, &action, nullptr);
        }) == static_cast<int>(thread_evidence::no_answer));
}

// SA_RESTART does not apply to a poll. A thread that polls is read from outside, so that only one which has
// just woken up is hit, at each of the two looks of a scan; without /proc/PID/task/TID every one is.
TEST_CASE("a thread that polls is not woken, unless there is no other way to ask it") {
  static std::atomic<int> interrupted{0};
  const auto poll_forever = [](busy_thread& self) {
    wipe_dead_stack();
    self.arrive();
    while (self.may_go_on())
      if (::poll(nullptr, 0, 1000) < 0 && errno == EINTR) ++interrupted;
  };
  const auto poll_in_child = [&](const std::function<void()>& restrict, int scans) {
    return in_child([&] {
      busy_thread thread(poll_forever);
      if (!thread.is_there()) return 100;
      restrict();
      for (int i = 0; i != scans && interrupted <= 4; ++i) (void)scan_other_threads(any_module().image());
      ::_exit(interrupted > 4 ? 1 : 0);
      return 0;
    });
  };
#if defined(__x86_64__) || defined(__i386__)
  CHECK(poll_in_child(no_restriction, 20) == 0);
#endif
  if (!tenure_test::thread_sanitizer)
    CHECK(poll_in_child(leave_one_descriptor, 2000) == 1); // so many only where others take its turns
}

TEST_CASE("what a kernel refuses is asked in another way") {
  if (tenure_test::thread_sanitizer || tenure_test::address_sanitizer)
    return; // their runtimes need in the child what is refused here
  const std::function<void()> restrictions[] = {no_restriction, leave_one_descriptor,
                                                [] { refuse(SYS_process_vm_readv); },
                                                [] { refuse(SYS_get_robust_list); }};
  for (const auto& restrict : restrictions) {
    CHECK(evidence_in_child(clean_wait(), restrict) == is_outside);
    CHECK(evidence_in_child(wait_inside(), restrict) == has_called);
  }
}

TEST_CASE("without a list of threads there is no answer") {
  CHECK(evidence_in_child(wait_inside(), [] {
          const rlimit none{0, 0};
          ::setrlimit(RLIMIT_NOFILE, &none);
        }) == static_cast<int>(thread_evidence::no_answer));
}

TEST_CASE("a child forked in the middle of scans can scan, and finds its own threads only") {
  const loaded_module& module = any_module();
  busy_thread inside_here(inside(module, "departure_call", arrive_and_spin));
  REQUIRE(inside_here.is_there());
  std::atomic<bool> over{false};
  std::thread scanning([&] {
    while (!over) (void)scan_other_threads(module.image());
  });
  for (int i = 0; i != 50; ++i) {
    CHECK(in_child([&] { return static_cast<int>(scan_other_threads(module.image()).evidence); }) ==
          is_outside);
    if (tenure_test::thread_sanitizer || tenure_test::address_sanitizer)
      continue; // whose runtimes may start no thread in a child of several, or hang there
    CHECK(evidence_in_child(wait_inside(), no_restriction) == has_called);
  }
  over = true;
  scanning.join();
}

TEST_CASE("a process whose main thread has ended can scan") {
  if (tenure_test::thread_sanitizer) return; // starts no thread in a child of several
  CHECK(in_child([] {
          static busy_thread* thread;
          thread = new busy_thread(wait_inside());
          if (!thread->is_there()) return 100;
          const auto scan = [](void*) -> void* {
            const bool found = is_inside(scan_answered(any_module().image()), *thread, any_module());
            ::_exit(found ? 42 : 43);
          };
          pthread_t scanner;
          ::pthread_create(&scanner, nullptr, scan, nullptr);
          ::syscall(SYS_exit, 0); // this thread only, which stays in the list of threads
          return 104;
        }) == 42);
}

TEST_CASE("a signal handler may scan, also one that interrupts a scan") {
  const loaded_module& module = any_module();
  static std::atomic<int> found{0}, handled{0};
  struct handler {
    static void scan(int) {
      found += static_cast<bool>(scan_other_threads(any_module().image()));
      ++handled;
    }
  };
  struct sigaction action {
  }, before{};
  action.sa_handler = &handler::scan;
  ::sigaction(SIGUSR1, &action, &before);
  busy_thread thread(inside(module, "departure_call", arrive_and_wait));
  REQUIRE(thread.is_there());
  const pthread_t here = ::pthread_self();
  {
    std::atomic<int> scans{0};
    busy_thread sender([here, &scans](busy_thread& self) { // one for each scan
      self.arrive();
      for (int seen = -1; self.may_go_on(); std::this_thread::yield())
        if (const int now = scans; now != seen) {
          ::pthread_kill(here, SIGUSR1);
          seen = now;
        }
    });
    REQUIRE(sender.is_there());
    for (; scans < 200 || handled == 0; ++scans) CHECK(scan_other_threads(module.image()));
  }
  ::sigaction(SIGUSR1, &before, nullptr);
  CHECK(handled > 0);
  CHECK(found == handled);
}

TEST_CASE("a thread whose signal handler waits on an alternate stack is found below it") {
  const loaded_module& module = any_module();
  static busy_thread* waiting;
  struct handler {
    static void wait(int) { arrive_and_wait(*waiting); }
  };
  struct sigaction action {
  }, before{};
  action.sa_handler = &handler::wait;
  action.sa_flags = SA_ONSTACK;
  ::sigaction(SIGUSR1, &action, &before);
  {
    std::vector<char> memory(std::size_t{256} << 10);
    busy_thread thread(inside(module, "departure_call", [&memory](busy_thread& self) {
      waiting = &self;
      stack_t stack{}, none{};
      stack.ss_sp = memory.data();
      stack.ss_size = memory.size();
      none.ss_flags = SS_DISABLE;
      ::sigaltstack(&stack, nullptr);
      ::raise(SIGUSR1);
      ::sigaltstack(&none, nullptr);
    }));
    REQUIRE(thread.is_there());
    CHECK(is_inside(scan_answered(module.image()), thread, module));
  }
  ::sigaction(SIGUSR1, &before, nullptr);
}

namespace {

// A fiber per test: its entry has no argument.
thread_local busy_thread* on_fiber;
thread_local tenure_test::fiber* outside_fiber;
thread_local tenure_test::fiber* inside_fiber;

void wait_on_fiber() {
  arrive_and_wait(*on_fiber);
  inside_fiber->switch_to(*outside_fiber);
}

void wait_in_module_on_fiber() {
  call_through(any_module(), "departure_call", [] { arrive_and_wait(*on_fiber); });
  inside_fiber->switch_to(*outside_fiber);
}

void run_fiber(busy_thread& self, tenure_test::fiber::entry body) {
  tenure_test::fiber own, other(body);
  on_fiber = &self;
  outside_fiber = &own;
  inside_fiber = &other;
  own.switch_to(other);
}

} // namespace

TEST_CASE("a thread that waits on a fiber is found if the module is on the fiber or below it") {
  const loaded_module& module = any_module();
  {
    busy_thread on([](busy_thread& self) { run_fiber(self, wait_in_module_on_fiber); });
    REQUIRE(on.is_there());
    if (!tenure_test::thread_sanitizer) CHECK(is_inside(scan_answered(module.image()), on, module));
  }
  busy_thread below(
      inside(module, "departure_call", [](busy_thread& self) { run_fiber(self, wait_on_fiber); }));
  REQUIRE(below.is_there());
  if (!tenure_test::thread_sanitizer) CHECK(is_inside(scan_answered(module.image()), below, module));
}

TEST_CASE("a thread whose stack the application made is read like any other") {
  const loaded_module& module = any_module();
  const std::size_t size = std::size_t{1} << 20;
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct job {
    tenure_test::signal there, go_on;
  } todo;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  REQUIRE(::pthread_attr_setstack(&attributes, memory, size) == 0);
  pthread_t thread;
  const auto body = [](void* argument) -> void* {
    call_through(any_module(), "departure_call", [argument] {
      static_cast<job*>(argument)->there.set();
      (void)static_cast<job*>(argument)->go_on.wait();
    });
    return nullptr;
  };
  REQUIRE(::pthread_create(&thread, &attributes, body, &todo) == 0);
  REQUIRE(todo.there.wait());
  const thread_finding found = scan_answered(module.image());
  CHECK(found.evidence == thread_evidence::return_address);
  CHECK(found.slot - reinterpret_cast<std::uintptr_t>(memory) < size);
  todo.go_on.set();
  ::pthread_join(thread, nullptr);
  ::pthread_attr_destroy(&attributes);
  ::munmap(memory, size);
}

// The child of a vfork has the thread's stack, and the thread waits in a way that no signal ends.
TEST_CASE("a thread in a vfork below the module is found") {
  if (tenure_test::thread_sanitizer || tenure_test::address_sanitizer) return; // they make a fork of it
  const loaded_module& module = any_module();
  const pipe_pair pipe;
  busy_thread thread(inside(module, "departure_call", [&pipe](busy_thread& self) {
    char byte = 0;
    self.arrive();
    const pid_t child = ::vfork();
    if (child == 0) {
      (void)!::read(pipe.in(), &byte, 1);
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }));
  REQUIRE(thread.is_there());
  for (int i = 0; i != 100; ++i) REQUIRE(is_inside(scan_answered(module.image()), thread, module));
  pipe.let_go();
}

} // namespace departure
