#include "cycles.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#ifdef __GLIBC__
#  include <malloc.h>
#endif
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace real {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::seconds longest_silence{
    120}; // of a child between two messages; a group takes about one second
constexpr char end_of_message = '\4';

[[noreturn]] void fail(const char* call) { throw std::system_error(errno, std::generic_category(), call); }

// --- both ends
// ------------------------------------------------------------------------------------------------------

// Which target the child is at. Written by the child, read by the parent when the child has died.
class position {
public:
  position()
      : at_(static_cast<volatile std::size_t*>(
            mmap(nullptr, sizeof(std::size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (at_ == MAP_FAILED) fail("mmap");
  }
  position(const position&) = delete;
  position& operator=(const position&) = delete;
  ~position() { munmap(const_cast<std::size_t*>(at_), sizeof *at_); }
  void set(std::size_t target) { *at_ = target; }
  [[nodiscard]] std::size_t get() const { return *at_; }

private:
  volatile std::size_t* at_;
};

struct pipe_ends {
  pipe_ends() {
    if (pipe(ends) != 0) fail("pipe");
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    for (int& end : ends) shut(end);
  }
  static void shut(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
  int ends[2] = {-1, -1};
  [[nodiscard]] int reading() const { return ends[0]; }
  [[nodiscard]] int writing() const { return ends[1]; }
  void keep_reading() { shut(ends[1]); }
  void keep_writing() { shut(ends[0]); }
};

void write_all(int to, const std::string& bytes) {
  for (std::size_t done = 0; done != bytes.size();) {
    const ssize_t n = write(to, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno != EINTR) fail("write");
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

// --- the child
// ------------------------------------------------------------------------------------------------------

// What plug-ins print is nobody's business here.
void be_quiet() {
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) fail("/dev/null");
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

// _exit: finalisers of modules that stay mapped are not the subject.
template <class Body> [[noreturn]] void live(Body body) {
  try {
    be_quiet();
    body();
    _exit(0);
  } catch (const std::exception&) {
    _exit(3);
  }
}

class performer {
public:
  performer(const std::vector<target>& targets, way& by, position& at, int out, int in)
      : targets_(targets)
      , by_(by)
      , at_(at)
      , out_(out)
      , in_(in) {}

  void perform(std::size_t first) {
    for (std::size_t begin = first; begin < targets_.size(); begin += group_size)
      perform_group(begin, std::min(begin + group_size, targets_.size()));
  }

private:
  void perform_group(std::size_t begin, std::size_t end) {
    for (unsigned cycle = 1; cycle <= cycles; ++cycle) {
      for (std::size_t i = begin; i != end; ++i) pass(i, cycle);
      by_.end_cycle();
      if (cycle != warm && cycle != cycles) continue;
      by_.rest();
      stand_still(fmt::format("cycle {} {}\n", begin, cycle));
    }
    const char* const verb = by_.reports() ? "reported" : "closed";
    stand_still(fmt::format("{} {} {}\n", verb, begin, end) + faults_ + by_.settle());
    faults_.clear();
  }
  // Used before each look: a module that a policy keeps may hold memory once it was used.
  void pass(std::size_t i, unsigned cycle) {
    const target& t = targets_[i];
    at_.set(i);
    try {
      by_.pass(t.file, t.usable && (cycle == 1 || cycle == warm || cycle % t.use_every == 0));
    } catch (const std::exception& e) {
      faults_ += fmt::format("left\t{}\tcycle {}: {}\n", t.file.path, cycle, e.what());
    }
  }
  // Until the parent has looked. What the allocator only keeps, below a block that happens to lie behind it,
  // is given back.
  void stand_still(const std::string& message) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    write_all(out_, message + end_of_message);
    char go = 0;
    while (read(in_, &go, 1) < 0)
      if (errno != EINTR) fail("read");
  }

  const std::vector<target>& targets_;
  way& by_;
  position& at_;
  int out_, in_;
  std::string faults_;
};

// --- the parent
// -----------------------------------------------------------------------------------------------------

enum class heard { message, end, silence };

// The next message, or that the child's end of the pipe is closed, or that nothing came for too long.
heard read_message(int from, std::string& message, std::chrono::milliseconds limit = longest_silence) {
  message.clear();
  const auto end = clock::now() + limit;
  while (clock::now() < end) {
    pollfd ready{from, POLLIN, 0};
    if (poll(&ready, 1, 1000) <= 0) continue;
    char buffer[1 << 12];
    const ssize_t n = read(from, buffer, sizeof buffer);
    if (n == 0 || (n < 0 && errno != EINTR)) return heard::end;
    if (n > 0) message.append(buffer, static_cast<std::size_t>(n));
    if (message.empty() || message.back() != end_of_message) continue;
    message.pop_back();
    return heard::message;
  }
  return heard::silence;
}

// How it ended; empty if by itself, with status 0. A silent one is killed.
std::string end_of(pid_t child, heard last) {
  if (last == heard::silence) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("waitpid");
  if (last == heard::silence) return "did not come to an end";
  if (WIFSIGNALED(status))
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("ended with exit status {}", WEXITSTATUS(status));
}

class observer {
public:
  observer(const std::vector<target>& targets, record& r)
      : targets_(targets)
      , record_(r) {}

  void note(pid_t child, const std::string& message) {
    std::istringstream lines(message);
    std::string line, verb;
    std::size_t begin = 0, number = 0;
    std::getline(lines, line);
    std::istringstream(line) >> verb >> begin >> number;
    const process_view seen = look_at(child);
    if (verb == "cycle") return note_cycle(seen, begin, static_cast<unsigned>(number));
    path_set said;
    while (std::getline(lines, line)) note_line(line, seen, said);
    for (std::size_t i = begin; i != number; ++i)
      note_presence(targets_[i].file.path, seen, said, verb == "reported");
  }

private:
  void note_cycle(const process_view& seen, std::size_t begin, unsigned cycle) {
    const auto descriptors = static_cast<std::int64_t>(seen.descriptors);
    if (cycle == warm)
      before_ = {seen.memory_kib, descriptors};
    else
      record_.groups[begin] = {seen.memory_kib - before_.memory_kib, descriptors - before_.descriptors};
  }
  void note_line(const std::string& line, const process_view& seen, path_set& said) {
    std::istringstream words(line);
    std::string verb, path, reason, detail;
    std::getline(words, verb, '\t'), std::getline(words, path, '\t'), std::getline(words, reason, '\t');
    std::getline(words, detail);
    if (verb == "left") return record_.faults.push_back(path + ": " + reason);
    said.insert(path);
    if (verb == "lingers") note_lingering({path, reason, detail}, seen);
  }
  // Once, though each later report tells it again.
  void note_lingering(const lingering& l, const process_view& seen) {
    const auto same = [&](const lingering& other) { return other.path == l.path; };
    if (std::any_of(record_.lingers.begin(), record_.lingers.end(), same)) return;
    record_.lingers.push_back(l);
    if (const std::string what = objection(l, seen.mapped); !what.empty())
      record_.faults.push_back(fmt::format("{} lingers, {}: {}; but {}", l.path, l.reason, l.detail, what));
  }
  // What is said to stay has to be there, and nothing else.
  void note_presence(const std::string& path, const process_view& seen, const path_set& said, bool reported) {
    const bool mapped = seen.mapped.contains(path);
    if (mapped) record_.still_mapped.insert(path);
    if (reported && mapped != said.contains(path))
      record_.faults.push_back(path +
                               (mapped ? " is mapped, and nobody says so" : " is said to stay, but is gone"));
  }

  const std::vector<target>& targets_;
  record& record_;
  growth before_;
};

// From this target on; returns how the child died, empty if it came to its end.
std::string run_from(std::size_t first, const std::vector<target>& targets, const corpus& c,
                     const maker& make, position& at, observer& watching) {
  pipe_ends there, back;
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0)
    live([&] {
      there.keep_writing(), back.keep_reading();
      for (const std::string& host : c.hosts) open_for_ever(host);
      const std::unique_ptr<way> by = make();
      performer(targets, *by, at, there.writing(), back.reading()).perform(first);
    });
  there.keep_reading(), back.keep_writing();
  std::string message;
  heard last;
  while ((last = read_message(there.reading(), message)) == heard::message) {
    watching.note(child, message);
    write_all(back.writing(), "g");
  }
  return end_of(child, last);
}

} // namespace

record run_cycles(const corpus& c, const std::vector<target>& targets, const maker& make) {
  record r;
  position at;
  observer watching(targets, r);
  for (std::size_t first = 0; first < targets.size();) {
    const std::string how = run_from(first, targets, c, make, at, watching);
    if (how.empty()) break;
    r.deaths.push_back({at.get(), how});
    first = at.get() + 1;
  }
  return r;
}

std::string run_apart(const std::function<std::string()>& body, std::chrono::milliseconds limit,
                      std::string& answer) {
  pipe_ends there;
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0)
    live([&] {
      there.keep_writing();
      write_all(there.writing(), body() + end_of_message);
    });
  there.keep_reading();
  const heard last = read_message(there.reading(), answer, limit);
  const std::string how = end_of(child, last);
  return last == heard::message || !how.empty() ? how : "said nothing";
}

} // namespace real
