#include "cli/os/child.hpp"

#include "cli/line_splitter.hpp"
#include "cli/os/program.hpp"
#include "os/windows.hpp"

#include <array>
#include <charconv>
#include <mutex>
#include <thread>
#include <utility>

namespace tenure::cli {
namespace {

constexpr std::size_t longest_output = 4096;          // bytes that are kept of what it prints: its last words
constexpr std::size_t longest_results = 16 * 1048576; // bytes that arrive between two looks
constexpr DWORD look_again = 20;                      // ms between two looks at what it has told

class handle {
public:
  explicit handle(HANDLE value = nullptr) noexcept
      : value_(value) {}
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;
  ~handle() { close(); }
  HANDLE get() const noexcept { return value_; }
  HANDLE* address() noexcept { return &value_; }
  void close() noexcept {
    if (value_ != nullptr && value_ != INVALID_HANDLE_VALUE) CloseHandle(value_);
    value_ = nullptr;
  }

private:
  HANDLE value_;
};

/// A pipe whose writing end a child inherits, and a thread that reads it to its end.
class pipe_reader {
public:
  explicit pipe_reader(std::size_t most)
      : most_(most) {
    SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
    if (CreatePipe(reading_.address(), writing_.address(), &inherited, 0) != 0)
      SetHandleInformation(reading_.get(), HANDLE_FLAG_INHERIT, 0);
  }
  HANDLE writing() const noexcept { return writing_.get(); }

  void start() {
    writing_.close();
    thread_ = std::thread([this] { read(); });
  }
  // What has arrived since the last time.
  std::string take() {
    const std::lock_guard lock(guard_);
    return std::exchange(text_, {});
  }
  // Pre: all who could write have ended.
  void finish() { thread_.join(); }

private:
  void read() {
    std::array<char, 4096> buffer;
    DWORD got = 0;
    while (ReadFile(reading_.get(), buffer.data(), static_cast<DWORD>(buffer.size()), &got, nullptr) != 0 &&
           got != 0) {
      const std::lock_guard lock(guard_);
      text_.append(buffer.data(), got);
      if (text_.size() > most_) text_.erase(0, text_.size() - most_);
    }
  }

  const std::size_t most_;
  handle reading_, writing_;
  std::mutex guard_; // of the text
  std::string text_;
  std::thread thread_;
};

// As CommandLineToArgvW takes it apart: quotes, and backslashes doubled where a quote follows.
void append_argument(std::wstring& line, const std::wstring& text) {
  line += L" \"";
  std::size_t backslashes = 0;
  for (const wchar_t each : text) {
    if (each == L'"') line.append(backslashes + 1, L'\\');
    backslashes = each == L'\\' ? backslashes + 1 : 0;
    line += each;
  }
  line.append(backslashes, L'\\');
  line += L'"';
}

std::wstring command_line(const std::vector<std::string>& arguments, HANDLE channel) {
  std::wstring line = L"tenure";
  for (const auto& each : arguments) append_argument(line, os::widen(each, os::strictness::lenient));
  append_argument(line, std::to_wstring(reinterpret_cast<std::uintptr_t>(channel)));
  return line;
}

/// A child, its main thread not yet running, in a job that ends with us.
struct started {
  handle process, job;
};

bool start(std::wstring line, HANDLE output, started& into) {
  STARTUPINFOW how{};
  how.cb = sizeof how, how.dwFlags = STARTF_USESTDHANDLES;
  how.hStdOutput = how.hStdError = output;
  PROCESS_INFORMATION made{};
  const std::wstring program = os::path_of(GetModuleHandleW(nullptr));
  if (CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, TRUE, CREATE_SUSPENDED, nullptr, nullptr,
                     &how, &made) == 0)
    return false;
  *into.process.address() = made.hProcess;
  *into.job.address() = CreateJobObjectW(nullptr, nullptr);
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  SetInformationJobObject(into.job.get(), JobObjectExtendedLimitInformation, &limits, sizeof limits);
  AssignProcessToJobObject(into.job.get(), made.hProcess);
  ResumeThread(made.hThread);
  CloseHandle(made.hThread);
  return true;
}

// An exception's number is an error status of NT's; what a program gives itself is nearly always small.
void judge(HANDLE process, child_end& into) {
  DWORD code = 0;
  GetExitCodeProcess(process, &code);
  constexpr DWORD first_error = 0xc0000000;
  into.fate = code >= first_error ? child_fate::killed : child_fate::exited;
  into.code = static_cast<int>(code);
  constexpr DWORD access_violation = 0xc0000005;
  if (code >= first_error)
    into.words = code == access_violation ? "access violation" : "exception " + std::to_string(code);
}

// False if it did nothing for so long.
bool watch(HANDLE process, std::chrono::milliseconds limit, pipe_reader& results, line_splitter& lines,
           const line_listener& listener) {
  using clock = std::chrono::steady_clock;
  auto end = clock::now() + limit;
  while (WaitForSingleObject(process, look_again) != WAIT_OBJECT_0) {
    if (clock::now() >= end) return false;
    bool progress = false;
    lines.feed(results.take(), [&](std::string_view line) { progress = listener(line) || progress; });
    if (progress) end = clock::now() + limit;
  }
  return true;
}

} // namespace

// The job ends with us, whoever ends us.
void expect_children() noexcept {}
void end_by(interrupted) noexcept {}

child_end run_child(const child_setup& setup, const line_listener& listener) {
  // A child inherits all inheritable handles there are: one after the other, so that none keeps another's
  // pipe open.
  static std::mutex starting;
  std::unique_lock lock(starting);
  child_end result;
  pipe_reader results(longest_results), output(longest_output);
  started child;
  if (!start(command_line(setup.arguments, results.writing()), output.writing(), child)) {
    result.words = "CreateProcess fails with " + std::to_string(GetLastError());
    return result;
  }
  results.start(), output.start();
  lock.unlock();
  line_splitter lines;
  if (watch(child.process.get(), setup.limit, results, lines, listener))
    judge(child.process.get(), result);
  else
    result.fate = child_fate::timed_out;
  TerminateJobObject(child.job.get(), 1);
  results.finish(), output.finish();
  lines.feed(results.take(), listener);
  result.output = output.take();
  return result;
}

result_channel::result_channel(std::string_view argument) {
  std::from_chars(argument.data(), argument.data() + argument.size(), handle_);
}

void result_channel::write(std::string_view text) noexcept {
  const auto to = reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(handle_));
  DWORD written = 0;
  if (handle_ > 0) WriteFile(to, text.data(), static_cast<DWORD>(text.size()), &written, nullptr);
}

} // namespace tenure::cli
