// The reference scan against everything that a module can leave in its host.
#include "left_behind.hpp"
#include "loaded_module.hpp"
#include "observer.hpp"
#include "os/references.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <malloc.h>
#include <pthread.h>
#include <search.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <ucontext.h>
#include <unistd.h>

extern "C" {
int __cxa_atexit(void (*)(void*), void*, void*);
void __cxa_finalize(void*);
}

using namespace departure;
using os::place_kind;

namespace {

// The module, what it offers, and what pointed into it after its load. None of this is a reference to it.
struct subject {
  subject()
      : module(std::getenv("TENURE_TEST_LEFT_BEHIND")) {}

  [[nodiscard]] os::address_range own_memory() const noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(this);
    return {begin, begin + sizeof *this};
  }

  loaded_module module;
  left_behind offers{};
  os::reference_baseline baseline;
  os::reference_search result;
  os::reference_place places[8];
};

subject* the_subject = nullptr;

// Blocks that doctest freed may have left their addresses in its frames, which live as long as we do: the
// module's blocks must not be the same, nor lie where the heap ended meanwhile. From the largest down, since
// what is left of a large one is a small one.
void use_up_freed_blocks() {
  const auto top = reinterpret_cast<std::uintptr_t>(::sbrk(0)) - ::mallinfo2().keepcost;
  const auto use_up = [top](std::size_t size) {
    void* volatile block = nullptr; // or the compiler sees that nobody wants it, and takes none
    do block = std::malloc(size);
    while (reinterpret_cast<std::uintptr_t>(block) < top);
  };
  use_up(65536); // more than doctest has at once
  for (std::size_t size = 2040; size >= 24; size -= 16) use_up(size);
}

DEPARTURE_NOT_INLINED void load() {
  if (the_subject != nullptr) return;
  use_up_freed_blocks();
  the_subject = new subject;
  const os::address_range own = the_subject->own_memory();
  the_subject->baseline = os::reference_baseline::take(the_subject->module.image(), {&own, 1});
  the_subject->module.function<void(left_behind&)>("left_behind")(the_subject->offers);
}

// How many there are now.
DEPARTURE_NOT_INLINED std::size_t search() {
  load();
  wipe_dead_stack();
  const os::address_range own = the_subject->own_memory();
  subject& s = *the_subject;
  s.result = os::find_references(s.module.image(), s.baseline, s.places, {&own, 1});
  return s.result.available ? s.result.count : std::size_t(-1);
}

const left_behind& offers() {
  load();
  return the_subject->offers;
}

std::span<const os::reference_place> found() {
  return {the_subject->places, std::min(the_subject->result.count, std::size(the_subject->places))};
}

std::string all_found() {
  std::string text;
  for (const os::reference_place& place : found()) text += "\n  " + os::describe(place);
  return text;
}

// --- what can be left, and where it then is
// -------------------------------------------------------------------------

struct host_state {
  std::function<int()> function;
  std::shared_ptr<int> owner;
  std::unique_ptr<visitor> object;
  std::any any;
  std::error_code error;
  std::exception_ptr exception;
  std::coroutine_handle<> coroutine;
  const char* literal = nullptr;
  visitor_table table{};
};

std::unique_ptr<host_state> host;
void (*volatile static_callback)() = nullptr;
thread_local void (*volatile thread_callback)() = nullptr;
void* memory = nullptr;
timer_t timer;
pthread_key_t key;
FILE* stream = nullptr;
void* tree = nullptr;
int dso_handle_of_the_host = 0;

struct planted {
  const char* name;
  place_kind kind;
  void (*plant)();
  void (*take_back)();
  const char* owner = ""; // part of it
  const char* symbol = "";
};

// Where the C++ library keeps its handlers.
#if defined(_LIBCPP_VERSION)
constexpr const char* runtime = "libc++abi";
#else
constexpr const char* runtime = "libstdc++";
#endif

constexpr auto new_host = [] { host = std::make_unique<host_state>(); };

template <auto Member, auto Offer> void keep() {
  new_host();
  (*host).*Member = (offers().*Offer)();
}

template <auto Member, auto Offer> void keep_owned() {
  new_host();
  ((*host).*Member).reset((offers().*Offer)());
}

void forget_host() { host.reset(); }

void forget_coroutine() {
  host->coroutine.destroy();
  host.reset();
}

template <std::size_t Size> void fill_block() {
  memory = std::calloc(1, Size);
  static_cast<void**>(memory)[Size / sizeof(void*) - 1] = reinterpret_cast<void*>(offers().call);
}

void free_block() { std::free(std::exchange(memory, nullptr)); }

void fill_block_elsewhere() { std::thread(fill_block<128>).join(); }

void map_memory() {
  memory = ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static_cast<void**>(memory)[65536] = reinterpret_cast<void*>(offers().call);
}

void unmap_memory() { ::munmap(std::exchange(memory, nullptr), 1 << 20); }

void start_timer(int notify) {
  sigevent event{};
  event.sigev_notify = notify;
  event.sigev_signo = SIGRTMAX;
  if (notify == SIGEV_THREAD)
    event.sigev_notify_function = offers().on_timer;
  else
    event.sigev_value.sival_ptr = offers().variable;
  ::timer_create(CLOCK_MONOTONIC, &event, &timer);
}

// What is freed must not be pointed at either: the module may get that memory next, and would share it with
// us.
void stop_timer() { ::timer_delete(std::exchange(timer, nullptr)); }

ucontext_t fibers_owner, fiber;

void run_fiber() {
  void (*volatile callback)() = offers().call;
  ::swapcontext(&fiber, &fibers_owner);
  callback();
  callback = nullptr;
}

void suspend_fiber() {
  constexpr std::size_t size = 65536;
  memory = std::calloc(1, size);
  ::getcontext(&fiber);
  fiber.uc_stack.ss_sp = memory;
  fiber.uc_stack.ss_size = size;
  fiber.uc_link = &fibers_owner;
  ::makecontext(&fiber, run_fiber, 0);
  ::swapcontext(&fibers_owner, &fiber);
}

void finish_fiber() {
  ::swapcontext(&fibers_owner, &fiber);
  fibers_owner = fiber = {};
  free_block();
}

int compare(const void* a, const void* b) {
  return std::strcmp(static_cast<const char*>(a), static_cast<const char*>(b));
}

ssize_t write_nothing(void*, const char*, std::size_t size) { return static_cast<ssize_t>(size); }

const planted all_planted[] = {
    {"a callback in static data", place_kind::static_data, [] { static_callback = offers().call; },
     [] { static_callback = nullptr; }, "references_tests"},
    {"a callback in a thread_local variable", place_kind::thread_data,
     [] { thread_callback = offers().call; }, [] { thread_callback = nullptr; }},
    {"a table of callbacks", place_kind::heap, keep<&host_state::table, &left_behind::table>, forget_host},
    {"a std::function", place_kind::heap, keep<&host_state::function, &left_behind::function>, forget_host},
    {"a shared_ptr's deleter", place_kind::heap, keep<&host_state::owner, &left_behind::owner_with_deleter>,
     forget_host},
    {"an object with a vtable", place_kind::heap, keep_owned<&host_state::object, &left_behind::new_visitor>,
     forget_host},
    {"a std::any", place_kind::heap, keep<&host_state::any, &left_behind::any>, forget_host},
    {"an error category", place_kind::heap, keep<&host_state::error, &left_behind::error>, forget_host},
    {"an exception_ptr", place_kind::heap, keep<&host_state::exception, &left_behind::exception>,
     forget_host},
    {"a coroutine's frame", place_kind::heap, keep<&host_state::coroutine, &left_behind::coroutine>,
     forget_coroutine},
    {"a string literal", place_kind::heap, keep<&host_state::literal, &left_behind::literal>, forget_host},
    {"a callback at the end of a small block", place_kind::heap, fill_block<24>, free_block},
    {"a callback in a block with a mapping of its own", place_kind::heap, fill_block<std::size_t{1} << 20>,
     free_block},
    {"a callback in another thread's arena", place_kind::heap, fill_block_elsewhere, free_block},
    {"a callback in mapped memory", place_kind::other_mapping, map_memory, unmap_memory},
    {"a suspended fiber", place_kind::heap, suspend_fiber, finish_fiber},
    {"a handler of exit", place_kind::exit_handler,
     [] { __cxa_atexit(offers().call_with, nullptr, &dso_handle_of_the_host); },
     [] { __cxa_finalize(&dso_handle_of_the_host); }},
    {"a signal's action", place_kind::signal_handler, [] { std::signal(SIGUSR2, offers().on_signal); },
     [] { std::signal(SIGUSR2, SIG_DFL); }},
    {"a variable of the environment", place_kind::environment, [] { ::putenv(offers().variable); },
     [] { ::unsetenv("LEFT_BEHIND"); }},
    {"the name in the system's log", place_kind::static_data,
     [] { ::openlog(offers().variable, 0, LOG_USER); }, [] { ::closelog(); }, "libc"},
    {"a stream's buffer", place_kind::static_data,
     [] { std::setvbuf(stderr, offers().buffer, _IOFBF, offers().buffer_size); },
     [] { std::setvbuf(stderr, nullptr, _IONBF, 0); }, "libc", "_IO_2_1_stderr_"},
    {"a stream's functions", place_kind::heap,
     [] {
       stream = ::fopencookie(offers().variable, "w", {nullptr, write_nothing, nullptr, nullptr});
     },
     [] { std::fclose(std::exchange(stream, nullptr)); }},
    {"the terminate handler", place_kind::static_data, [] { std::set_terminate(offers().call); },
     [] { std::set_terminate(std::abort); }, runtime},
    {"the new handler", place_kind::static_data, [] { std::set_new_handler(offers().call); },
     [] { std::set_new_handler(nullptr); }, runtime},
    {"a pthread key's destructor", place_kind::thread_key,
     [] { ::pthread_key_create(&key, offers().call_with); }, [] { ::pthread_key_delete(key); }},
    {"a timer's function", place_kind::heap, [] { start_timer(SIGEV_THREAD); }, stop_timer},
    {"a timer's value", place_kind::timer, [] { start_timer(SIGEV_SIGNAL); }, stop_timer},
    {"a search tree's key", place_kind::heap, [] { ::tsearch(offers().variable, &tree, compare); },
     [] { ::tdelete(offers().variable, &tree, compare); }},
};

// Each in a frame of its own, which is dead when the search begins.
DEPARTURE_NOT_INLINED void run(void (*step)()) { step(); }

bool has(place_kind kind, const char* owner, const char* symbol) {
  for (const os::reference_place& place : found())
    if (place.kind == kind && std::strstr(place.owner, owner) != nullptr &&
        std::strstr(place.symbol, symbol) != nullptr)
      return true;
  return false;
}

// --- other threads
// --------------------------------------------------------------------------------------------------

// Runs a step on another thread, and keeps that blocked (or busy) in it until the object goes.
class other_thread {
public:
  explicit other_thread(void (*step)(other_thread&))
      : thread_([this, step] {
        id = ::syscall(SYS_gettid);
        step(*this);
      }) {
    ::sem_wait(&ready_);
  }
  other_thread(const other_thread&) = delete;
  other_thread& operator=(const other_thread&) = delete;
  // Until the kernel knows its stack pointer.
  void wait_until_blocked() const {
    const std::string path = "/proc/self/task/" + std::to_string(id) + "/syscall";
    std::string text;
    do std::getline(std::ifstream(path), text);
    while (text.find("0x") == text.npos);
  }

  ~other_thread() {
    end_ = true;
    ::sem_post(&go_);
    thread_.join();
  }

  void block() {
    ::sem_post(&ready_);
    while (::sem_wait(&go_) != 0) {
    }
  }
  void spin() {
    ::sem_post(&ready_);
    while (!end_) {
    }
  }

  long id = 0;

private:
  struct semaphore {
    semaphore() { ::sem_init(&it, 0, 0); }
    ~semaphore() { ::sem_destroy(&it); }
    sem_t* operator&() { return &it; }
    sem_t it;
  };
  semaphore ready_, go_;
  std::atomic<bool> end_{false};
  std::thread thread_; // the last: it uses the others
};

template <void (other_thread::*Wait)()> void hold_on_stack(other_thread& self) {
  void (*volatile callback)() = offers().call;
  (self.*Wait)();
  static_cast<void>(callback);
}

void hold_in_thread_local(other_thread& self) {
  thread_callback = offers().call;
  self.block();
  thread_callback = nullptr;
}

DEPARTURE_NOT_INLINED void use_deep_down() {
  void (*volatile callbacks[512])() = {offers().call};
  callbacks[100] = callbacks[0];
}

void hold_no_longer(other_thread& self) {
  use_deep_down();
  self.block();
}

void use_modules_thread_local(other_thread& self) {
  run(offers().touch_thread_local);
  wipe_dead_stack();
  self.block();
}

bool has_on_stack_of(long thread) {
  for (const os::reference_place& place : found())
    if (place.kind == place_kind::stack && place.number == thread) return true;
  return false;
}

// --- what ends a process, in one of its own
// -------------------------------------------------------------------------

struct at_the_end {
  const char* name;
  place_kind kind;
  void (*plant)();
};

const at_the_end all_at_the_end[] = {
    {"atexit", place_kind::exit_handler, [] { std::atexit(offers().call); }},
    {"on_exit", place_kind::exit_handler, [] { ::on_exit(offers().on_exit, nullptr); }},
    {"at_quick_exit", place_kind::exit_handler, [] { std::at_quick_exit(offers().call); }},
    {"pthread_atfork", place_kind::static_data, [] { ::pthread_atfork(offers().call, nullptr, nullptr); }},
    {"atexit, beyond the first list", place_kind::exit_handler,
     [] {
       for (int i = 0; i != 100; ++i) std::atexit([] {});
       std::atexit(offers().call);
     }},
};

// True if the child finds it. It ends without running what was planted.
bool is_found_in_child(const at_the_end& each) {
  const pid_t child = ::fork();
  if (child == 0) {
    run(each.plant);
    ::_exit(search() != 0 && has(each.kind, "", "") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// --- what is no reference
// -------------------------------------------------------------------------------------------

template <std::size_t Size> DEPARTURE_NOT_INLINED void fill_and_free(std::size_t count, void* with) {
  std::vector<void*> blocks(count);
  for (void*& block : blocks) block = std::malloc(Size);
  for (void* block : blocks)
    for (std::size_t i = 0; i != Size / sizeof(void*); ++i) static_cast<void* volatile*>(block)[i] = with;
  for (void* block : blocks) std::free(block);
}

void fill_and_free_all(std::size_t count, void* with) {
  fill_and_free<40>(count, with);
  fill_and_free<104>(count, with);
  fill_and_free<600>(count, with);
  fill_and_free<20000>(count, with);
  fill_and_free<300000>(count, with);
}

DEPARTURE_NOT_INLINED void fill_and_free_pointers(std::size_t count) {
  fill_and_free_all(count, reinterpret_cast<void*>(offers().call));
}

void leak_a_block() {
  fill_block<48>();
  memory =
      reinterpret_cast<void*>(~reinterpret_cast<std::uintptr_t>(memory)); // known to nobody, for the moment
}

void free_leaked_block() {
  std::free(reinterpret_cast<void*>(~reinterpret_cast<std::uintptr_t>(std::exchange(memory, nullptr))));
}

} // namespace

TEST_SUITE_BEGIN("departure: references");

TEST_CASE("right after the load nothing points into the module but what the load itself left") {
  CHECK_MESSAGE(search() == 0, all_found());
  CHECK(the_subject->baseline.taken());
  CHECK(the_subject->baseline.size() != 0);
}

TEST_CASE("whatever a module leaves is found where it is, and is gone when it is taken back") {
  for (const planted& each : all_planted) {
    run(each.plant);
    const std::size_t planted_count = search();
    CHECK_MESSAGE(planted_count != 0, std::string(each.name));
    CHECK_MESSAGE(has(each.kind, each.owner, each.symbol), std::string(each.name) << all_found());
    run(each.take_back);
    CHECK_MESSAGE(search() == 0, std::string(each.name) << " was taken back" << all_found());
  }
}

TEST_CASE("what the host registers for the end of the process is found, though glibc hides it") {
  load();
  for (const at_the_end& each : all_at_the_end)
    CHECK_MESSAGE(is_found_in_child(each), std::string(each.name));
}

TEST_CASE("a blocked thread's live stack and its thread_local storage count, and name the thread") {
  for (const auto step : {hold_on_stack<&other_thread::block>, hold_in_thread_local}) {
    {
      const other_thread thread(step);
      thread.wait_until_blocked();
      CHECK(search() != 0);
      CHECK_MESSAGE(has_on_stack_of(thread.id), all_found());
    }
    CHECK_MESSAGE(search() == 0, all_found());
  }
}

TEST_CASE("a running thread's whole stack counts") {
  {
    const other_thread thread(hold_on_stack<&other_thread::spin>);
    CHECK(search() != 0);
    CHECK_MESSAGE(has_on_stack_of(thread.id), all_found());
  }
  CHECK_MESSAGE(search() == 0, all_found());
}

TEST_CASE("what a blocked thread's calls left below its stack pointer does not count") {
  const other_thread thread(hold_no_longer);
  thread.wait_until_blocked();
  CHECK_MESSAGE(search() == 0, all_found());
}

TEST_CASE("what an ended thread left on a stack that the C library keeps does not count") {
  std::thread(use_deep_down).join();
  CHECK_MESSAGE(search() == 0, all_found());
}

// glibc's record of the thread keeps the argument.
TEST_CASE("nor if half of a pointer that is left there looks like this thread's number") {
  const auto number = static_cast<std::uintptr_t>(::syscall(SYS_gettid));
  pthread_t thread;
  REQUIRE(::pthread_create(
              &thread, nullptr, [](void*) -> void* { return use_deep_down(), nullptr; },
              reinterpret_cast<void*>(number << sizeof(number) / 2 * 8 | 1)) == 0);
  REQUIRE(::pthread_join(thread, nullptr) == 0);
  CHECK_MESSAGE(search() == 0, all_found());
}

TEST_CASE("what the module keeps for itself does not count") {
  SUBCASE("a block that only its static data points at") {
    run([] { offers().kept_table(); });
  }
  SUBCASE("thousands of objects in its own containers") {
    run([] { offers().keep_many(); });
  }
  SUBCASE("its thread_local storage") {
    run([] { offers().touch_thread_local(); });
  }
  SUBCASE("handlers that the system removes with it") {
    run([] { offers().stop_at_exit(); });
  }
  CHECK_MESSAGE(search() == 0, all_found());
}

TEST_CASE("the module's thread_local storage does not count on other threads either") {
  const other_thread thread(use_modules_thread_local);
  thread.wait_until_blocked();
  CHECK_MESSAGE(search() == 0, all_found());
}

TEST_CASE("a block that the module keeps counts when the host points at it too") {
  run([] { memory = offers().kept_table(); });
  CHECK(search() != 0);
  memory = nullptr;
  CHECK_MESSAGE(search() == 0, all_found());
}

TEST_CASE("freed blocks do not count, whatever list they are in") {
  load();
  for (const std::size_t count : {1U, 7U, 20U}) { // a thread's cache has room for seven
    fill_and_free_pointers(count);
    CHECK_MESSAGE(search() == 0, count << all_found());
    fill_and_free_all(count, nullptr); // whoever gets these next need not write to all of them
  }
}

TEST_CASE("a leaked block counts, and is told from one that somebody points at") {
  run(leak_a_block);
  CHECK(search() == 1);
  CHECK(the_subject->result.unreached == 1);
  CHECK(found()[0].unreached);
  CHECK(found()[0].block.size() == 56);
  run(free_leaked_block);
  CHECK_MESSAGE(search() == 0, all_found());
}

TEST_CASE("what the loader notes of the module when it loads and unloads another one does not count") {
  for (int i = 0; i != 4; ++i) {
    void* const other = ::dlopen(std::getenv("TENURE_TEST_OTHER"), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(other != nullptr);
    CHECK_MESSAGE(search() == 0, all_found());
    ::dlclose(other);
    CHECK_MESSAGE(search() == 0, all_found());
  }
}

TEST_CASE("memory that the caller excludes does not count, and the same memory else does") {
  load();
  subject& s = *the_subject;
  const auto all = os::find_references(s.module.image(), s.baseline, s.places, {});
  CHECK(all.count != 0); // the table of what the module offers
  CHECK_MESSAGE(search() == 0, all_found());
}

TEST_CASE("without a baseline there is no answer") {
  load();
  const auto result = os::find_references(the_subject->module.image(), os::reference_baseline(), {});
  CHECK(!result.available);
}

TEST_CASE("a search leaves errno and the heap as they were") {
  search();
  const std::size_t before = ::mallinfo2().uordblks;
  errno = 1234;
  search();
  CHECK(errno == 1234);
  CHECK(::mallinfo2().uordblks == before);
}

TEST_CASE("more places are counted than there is room to tell them") {
  run([] {
    memory = std::malloc(800);
    for (int i = 0; i != 100; ++i) static_cast<void**>(memory)[i] = reinterpret_cast<void*>(offers().call);
  });
  CHECK(search() == 100);
  CHECK(found().size() == std::size(the_subject->places));
  run(free_block);
  CHECK(search() == 0);
}

TEST_CASE("memory that other threads map and unmap all the time is no danger") {
  std::atomic<bool> end{false};
  std::thread mapper([&] {
    while (!end) {
      void* const at = ::mmap(nullptr, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      std::memset(at, 1, 4 << 20);
      ::munmap(at, 4 << 20);
    }
  });
  std::size_t wrong = 0;
  for (int i = 0; i != 30; ++i) wrong += search() != 0 ? 1 : 0;
  end = true;
  mapper.join();
  CHECK_MESSAGE(wrong == 0, all_found());
}

TEST_CASE("each place has a line that names it") {
  run([] { std::setvbuf(stderr, offers().buffer, _IOFBF, offers().buffer_size); });
  REQUIRE(search() != 0);
  const std::string line = os::describe(found()[0]);
  run([] { std::setvbuf(stderr, nullptr, _IONBF, 0); });
  CHECK(line.find("data of ") == 0);
  CHECK(line.find("in _IO_2_1_stderr_ -> image + 0x") != line.npos);
}

TEST_SUITE_END();
