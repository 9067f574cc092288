// The ring of the last events, and what a signal handler writes of it.
#include "support/scratch.hpp"
#include "support/until.hpp"

#include <tenure/observers/ring.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using tenure_test::scratch;

namespace {

constexpr const char* torn = "(an event that is just being noted, or was overwritten)";
constexpr const char* skipped = "(some events are missing: they came too fast)";

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in(file);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

std::vector<std::string> written(const tenure::event_ring& ring) {
  const scratch folder;
  const std::string file = folder.path("ring");
  const int out = ::open(file.c_str(), O_CREAT | O_WRONLY, 0600);
  REQUIRE(out >= 0);
  CHECK(ring.write(out));
  ::close(out);
  return lines_of(file);
}

void tell(tenure::event_ring& ring, const std::string& name, int number) {
  const std::string path = name + std::to_string(number);
  tenure::event e;
  e.path = e.name = path.c_str();
  ring(e);
}

} // namespace

TEST_CASE("the last events are written, the oldest first") {
  tenure::event_ring ring(3);
  CHECK(written(ring).empty());
  for (int i = 1; i != 6; ++i) tell(ring, "m", i);
  const std::vector<std::string> lines = written(ring);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "0.000000 m3: opened, m3");
  CHECK(lines[2] == "0.000000 m5: opened, m5");
}

TEST_CASE("a descriptor that takes nothing is reported, and errno is left alone") {
  tenure::event_ring ring(3);
  tell(ring, "m", 1);
  errno = 1234;
  CHECK(!ring.write(-1));
  CHECK(errno == 1234);
}

// A line tells its own number twice: one that was torn would tell two.
TEST_CASE("while others write, what is read is whole, or says that it is not") {
  tenure::event_ring ring(8);
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (const char* const name : {"a", "b", "c"})
    writers.emplace_back([&, name] {
      for (int i = 0; !stop; ++i) tell(ring, name, i);
    });
  std::size_t whole = 0;
  const bool enough = tenure_test::eventually([&] {
    for (const std::string& line : written(ring)) {
      if (line == torn || line == skipped) continue;
      const std::size_t colon = line.find(": opened, ");
      REQUIRE(colon != std::string::npos);
      const std::size_t begin = line.find(' ') + 1;
      CHECK(line.substr(begin, colon - begin) == line.substr(colon + 10));
      ++whole;
    }
    return whole >= 500;
  });
  stop = true;
  for (std::thread& t : writers) t.join();
  CHECK(enough);
}

namespace {

tenure::event_ring* crash_ring = nullptr;
int crash_report = -1;

extern "C" void report_and_die(int signal) {
  crash_ring->write(crash_report);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// Opens, uses and releases a module, and then dies.
[[noreturn]] void crash(const std::string& module, const std::string& report) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  static tenure::event_ring last(16);
  crash_ring = &last;
  crash_report = ::open(report.c_str(), O_CREAT | O_WRONLY, 0600);
  struct sigaction action {};
  action.sa_handler = report_and_die;
  ::sigaction(SIGSEGV, &action, nullptr);
  tenure::manager<tenure::policy::final_close> modules;
  modules.observe(last);
  static_cast<void>(modules.open(module));
  ::raise(SIGSEGV); // what a stray pointer would do, without one for a sanitizer to find
  ::_exit(0);       // it did not crash
}

} // namespace

TEST_CASE("a process that crashes leaves its last events") {
  const scratch folder;
  const std::string module = folder.copy("basic"), report = folder.path("report");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) crash(module, report);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSEGV);
  const std::vector<std::string> lines = lines_of(report);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].find(": loaded in ") != std::string::npos);
  CHECK(lines[1].find(": opened, " + module) != std::string::npos);
  CHECK(lines[2].find(": idled, " + module) != std::string::npos);
}

// The handler runs on the thread that is just noting an event, at any instruction of that.
TEST_CASE("a handler that interrupts the writer writes the other events") {
  static tenure::event_ring ring(4);
  static int null_device = ::open("/dev/null", O_WRONLY);
  static std::atomic<int> interruptions{0};
  static volatile std::sig_atomic_t failed = 0;
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {
    if (!ring.write(null_device)) failed = 1;
    ++interruptions;
  };
  ::sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) tell(ring, "m", i);
  });
  for (int i = 1; i != 500; ++i) {
    ::pthread_kill(writer.native_handle(), SIGUSR1);
    CHECK(tenure_test::eventually([&] { return interruptions >= i; }));
  }
  stop = true;
  writer.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  ::close(null_device);
  CHECK(failed == 0);
}
