// Other threads, wherever they are: what holds on every system that has an answer.
#include "other_thread.hpp"
#include "support/emulated.hpp"
#include "support/sanitizers.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace departure {

const std::vector<std::unique_ptr<loaded_module>>& modules() {
  static const std::vector<std::unique_ptr<loaded_module>> all = [] {
    std::vector<std::unique_ptr<loaded_module>> loaded;
    const char* rest = std::getenv("TENURE_DEPARTURE_MODULES");
    if (rest == nullptr) std::exit(2);
    for (std::string paths = rest, path; !paths.empty();) {
      const std::size_t end = paths.find('|');
      loaded.push_back(std::make_unique<loaded_module>(paths.substr(0, end).c_str()));
      paths = end == std::string::npos ? "" : paths.substr(end + 1);
    }
    return loaded;
  }();
  return all;
}

namespace {

using namespace std::chrono_literals;

// Asleep is what the scan must see through: nothing here waits for something by sleeping.
void sleep_shortly(busy_thread& self) {
  self.arrive();
  while (self.may_go_on()) std::this_thread::sleep_for(1ms);
}

void yield(busy_thread& self) {
  self.arrive();
  while (self.may_go_on()) std::this_thread::yield();
}

// Leaves nothing on the stack of earlier calls.
busy_thread::body outside(busy_thread::body step) {
  return [step](busy_thread& self) {
    wipe_dead_stack();
    step(self);
  };
}

// The evidence is there, or the thread gave no answer where ThreadSanitizer holds the signal back.
bool is_inside_or_silent(const thread_finding& found, const busy_thread& thread,
                         const loaded_module& module) {
  const bool silent = found.evidence == thread_evidence::no_answer && found.thread == thread.number();
  return is_inside(found, thread, module) || (tenure_test::thread_sanitizer && silent);
}

// ThreadSanitizer's threads that spin never answer.
thread_finding scan_with_patience(const os::mapped_image& image) {
  return tenure_test::thread_sanitizer ? scan_other_threads(image) : scan_answered(image);
}

// Instrumented frames have unused parts in which dead return addresses survive.
constexpr bool alarms_allowed = tenure_test::address_sanitizer || tenure_test::thread_sanitizer ||
                                !os::calls_are_recognised || sizeof(void*) == 4;

} // namespace

TEST_CASE("a process with no other thread has none inside") {
  CHECK(scan_other_threads(any_module().image()).evidence == thread_evidence::none);
}

TEST_CASE("an image without code is nobody's") {
  busy_thread thread(inside(any_module(), "departure_call", arrive_and_wait));
  REQUIRE(thread.is_there());
  CHECK(!scan_other_threads(os::mapped_image()));
}

TEST_CASE("a thread that waits in a function called by the module is found, by every way to call") {
  for (const auto& module : modules())
    for (const char* way :
         {"departure_call", "departure_plt", "departure_bare_middle", "departure_unwind", "departure_catch"})
      for (const auto step : {arrive_and_wait, sleep_shortly, yield, arrive_and_spin}) {
        busy_thread thread(inside(*module, way, step));
        REQUIRE(thread.is_there());
        const thread_finding found = scan_with_patience(module->image());
        INFO(way, ", evidence ", static_cast<int>(found.evidence));
        CHECK(is_inside_or_silent(found, thread, *module));
      }
}

TEST_CASE("a thread deep below the module is found") {
  const loaded_module& module = any_module();
  struct deep {
    static void down(unsigned depth, busy_thread& self) {
      volatile char frame[512];
      frame[0] = static_cast<char>(depth);
      depth == 0 ? arrive_and_wait(self) : down(depth - 1, self);
      frame[1] = frame[0];
    }
  };
  busy_thread thread(inside(module, "departure_call", [](busy_thread& self) { deep::down(500, self); }));
  REQUIRE(thread.is_there());
  CHECK(is_inside(scan_answered(module.image()), thread, module));
}

TEST_CASE("a thread that executes the module's code is found") {
  for (const auto& module : modules()) {
    busy_thread thread([&](busy_thread& self) {
      self.arrive();
      module->function<wait_function>("departure_wait")(self.stop_flag());
    });
    REQUIRE(thread.is_there());
    thread_finding found; // it has arrived shortly before it enters the module
    for (int i = 0; i != 10'000 && !found; ++i) found = scan_with_patience(module->image());
    CHECK(is_inside_or_silent(found, thread, *module));
    if (!tenure_test::thread_sanitizer) CHECK(found.evidence == thread_evidence::executing_code);
  }
}

TEST_CASE("a thread that has left the module is outside, whether it sleeps or runs") {
  const loaded_module& module = any_module();
  for (const auto step : {arrive_and_wait, sleep_shortly, yield, arrive_and_spin}) {
    busy_thread thread([&](busy_thread& self) {
      call_through(module, "departure_call", [] {});
      outside(step)(self);
    });
    REQUIRE(thread.is_there());
    const thread_finding found = scan_with_patience(module.image());
    INFO("evidence ", static_cast<int>(found.evidence), ", slot ", found.slot);
    if (!alarms_allowed) CHECK(found.evidence == thread_evidence::none);
  }
}

TEST_CASE("a thread is inside one module and not another") {
  const loaded_module& one = *modules()[0];
  const loaded_module& other = *modules()[1];
  busy_thread thread(inside(one, "departure_call", arrive_and_wait));
  REQUIRE(thread.is_there());
  CHECK(is_inside(scan_answered(one.image()), thread, one));
  CHECK(!scan_answered(other.image()));
}

TEST_CASE("one thread inside is found among 31 that are not") {
  const loaded_module& module = any_module();
  std::vector<std::unique_ptr<busy_thread>> others;
  for (int i = 0; i != 31; ++i)
    others.push_back(std::make_unique<busy_thread>(outside(i % 4 == 0 ? sleep_shortly : arrive_and_wait)));
  for (const auto& each : others) REQUIRE(each->is_there());
  if (!alarms_allowed) CHECK(!scan_answered(module.image()));
  busy_thread thread(inside(module, "departure_call", arrive_and_wait));
  REQUIRE(thread.is_there());
  for (int i = 0; i != 100; ++i) REQUIRE(is_inside(scan_answered(module.image()), thread, module));
}

TEST_CASE("one spinning thread inside is found among 31 that spin too") {
  const loaded_module& module = any_module();
  std::vector<std::unique_ptr<busy_thread>> others;
  for (int i = 0; i != 31; ++i) others.push_back(std::make_unique<busy_thread>(outside(yield)));
  for (const auto& each : others) REQUIRE(each->is_there());
  busy_thread thread(inside(module, "departure_call", arrive_and_spin));
  REQUIRE(thread.is_there());
  for (int i = 0; i != 10; ++i) CHECK(scan_other_threads(module.image()).evidence != thread_evidence::none);
}

TEST_CASE("while threads start and end all the time, none is overlooked that is inside") {
  const loaded_module& module = any_module();
  const auto start_and_end = [](busy_thread& self) {
    self.arrive();
    while (self.may_go_on()) std::thread([] { wipe_words<64>(); }).join();
  };
  busy_thread first(start_and_end), second(start_and_end), third(start_and_end);
  REQUIRE((first.is_there() && second.is_there() && third.is_there()));
  constexpr int scans = tenure_test::threads_are_slow ? 5 : 20; // of each of 20 threads
  int answers = 0;
  for (int i = 0; i != 20; ++i) {
    busy_thread thread(inside(module, "departure_call", arrive_and_wait));
    REQUIRE(thread.is_there());
    for (int j = 0; j != scans; ++j) {
      const thread_evidence seen = scan_other_threads(module.image()).evidence;
      REQUIRE(seen != thread_evidence::none);
      answers += seen != thread_evidence::no_answer;
    }
  }
  MESSAGE(answers, " of ", 20 * scans, " scans had an answer while three threads start others");
}

TEST_CASE("of a thread that goes in and out and one that stays outside only the first is ever reported") {
  const loaded_module& module = any_module();
  busy_thread moving([&](busy_thread& self) {
    self.arrive();
    while (self.may_go_on()) call_through(module, "departure_call", [] { std::this_thread::sleep_for(1us); });
  });
  busy_thread idle(outside(arrive_and_wait));
  REQUIRE((moving.is_there() && idle.is_there()));
  for (int i = 0; i != 500; ++i) {
    const thread_finding found = scan_other_threads(module.image());
    if (found.evidence != thread_evidence::no_answer && found && !alarms_allowed)
      REQUIRE(found.thread == moving.number());
  }
}

namespace {

// Threads that relieve each other: each leaves the module only when the next one is inside. So at each moment
// at least one is, though none of them for long.
class relay : public std::enable_shared_from_this<relay> {
public:
  explicit relay(const loaded_module& module)
      : module_(module) {}

  void start() {
    std::thread([me = shared_from_this()] { me->run(me->first_); }).detach();
  }
  void stop() { stop_ = true; }
  [[nodiscard]] bool is_inside() const { return first_; }
  [[nodiscard]] unsigned changes() const { return changes_; }
  [[nodiscard]] bool has_ended() { return ended_.wait(); }

private:
  void run(std::atomic<bool>& inside) {
    call_through(module_, "departure_call", [&] {
      inside = true;
      ++changes_;
      if (!stop_)
        hand_over();
      else
        ended_.set();
    });
  }
  void hand_over() {
    std::atomic<bool> relieved{false};
    std::thread([&relieved, me = shared_from_this()] { me->run(relieved); }).detach();
    while (!relieved) std::this_thread::yield();
  }

  const loaded_module& module_;
  std::atomic<bool> first_{false}, stop_{false};
  std::atomic<unsigned> changes_{0};
  tenure_test::signal ended_;
};

} // namespace

TEST_CASE("threads that relieve each other inside the module are never overlooked") {
  const loaded_module& module = any_module();
  const auto runners = std::make_shared<relay>(module);
  runners->start();
  while (!runners->is_inside()) std::this_thread::yield();
  int overlooked = 0;
  for (int i = 0; i != 1000; ++i) overlooked += !scan_other_threads(module.image());
  const unsigned changes = runners->changes();
  runners->stop();
  CHECK(overlooked == 0);
  CHECK(changes > 1);
  REQUIRE(runners->has_ended());
}

TEST_CASE("two scans at once both find, each in its own module") {
  const loaded_module& one = *modules()[0];
  const loaded_module& other = *modules()[1];
  busy_thread first(inside(one, "departure_call", arrive_and_wait));
  busy_thread second(inside(other, "departure_call", arrive_and_spin));
  REQUIRE((first.is_there() && second.is_there()));
  std::atomic<int> wrong{0};
  const auto scan_often = [&wrong](const loaded_module& module, const busy_thread& thread) {
    for (int i = 0; i != 200; ++i)
      wrong += !is_inside_or_silent(scan_with_patience(module.image()), thread, module);
  };
  std::thread parallel([&] { scan_often(one, first); });
  scan_often(other, second);
  parallel.join();
  CHECK(wrong == 0);
}

TEST_CASE("a scan keeps the last error and opens nothing for good") {
  const loaded_module& module = any_module();
  busy_thread asleep(outside(arrive_and_wait));
  REQUIRE(asleep.is_there());
  (void)scan_other_threads(module.image());
  const std::size_t before = open_descriptors();
  set_last_error(1234);
  for (int i = 0; i != 10'000; ++i) (void)scan_other_threads(module.image());
  const int kept = last_error();
  CHECK(kept == 1234);
  CHECK(open_descriptors() == before);
  busy_thread running(outside(yield));
  REQUIRE(running.is_there());
  set_last_error(1234);
  for (int i = 0; i != 20; ++i) (void)scan_other_threads(module.image());
  const int kept_asking = last_error();
  CHECK(kept_asking == 1234);
}

// What a thread called before it became idle lies dead on its stack, below where it stands now: it does not
// count. In frames that it is in now such leftovers could count, but none of these waits has room for one.
TEST_CASE("1000 scans over 8 idle threads that have been in the module raise no alarm") {
  const loaded_module& module = any_module();
  std::vector<std::unique_ptr<busy_thread>> idle;
  for (unsigned depth = 0; depth != 8; ++depth)
    idle.push_back(std::make_unique<busy_thread>([&module, depth](busy_thread& self) {
      module.function<recurse_function>("departure_recurse")(
          4 * depth, [](void*) {}, nullptr);
      call_through(module, "departure_bare_middle", [] {});
      arrive_and_wait(self);
    }));
  for (const auto& each : idle) REQUIRE(each->is_there());
  int alarms = 0;
  for (int i = 0; i != 1000; ++i) alarms += static_cast<bool>(scan_answered(module.image()));
  MESSAGE(alarms, " alarms in 1000 scans");
  if (!alarms_allowed && !waits_have_room) CHECK(alarms == 0);
}

} // namespace departure
