#include "cli/os/child.hpp"

#include "cli/os/program.hpp"
#include "os/windows.hpp"

#include <array>
#include <charconv>
#include <mutex>
#include <thread>

namespace tenure::cli {
namespace {

constexpr std::size_t longest_output = 4096; // bytes that are kept of what it prints: its last words

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
  // Pre: all who could write have ended.
  std::string finish() {
    thread_.join();
    return std::move(text_);
  }

private:
  void read() {
    std::array<char, 4096> buffer;
    DWORD got = 0;
    while (ReadFile(reading_.get(), buffer.data(), static_cast<DWORD>(buffer.size()), &got, nullptr) != 0 &&
           got != 0) {
      text_.append(buffer.data(), got);
      if (text_.size() > most_) text_.erase(0, text_.size() - most_);
    }
  }

  const std::size_t most_;
  handle reading_, writing_;
  std::string text_; // the thread's, until it is joined
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

} // namespace

child_end run_child(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
  // A child inherits all inheritable handles there are: one after the other, so that none keeps another's
  // pipe open.
  static std::mutex starting;
  std::unique_lock lock(starting);
  child_end result;
  pipe_reader results(SIZE_MAX), output(longest_output);
  started child;
  if (!start(command_line(arguments, results.writing()), output.writing(), child)) {
    result.words = "CreateProcess fails with " + std::to_string(GetLastError());
    return result;
  }
  results.start(), output.start();
  lock.unlock();
  const auto wait = WaitForSingleObject(child.process.get(), static_cast<DWORD>(limit.count()));
  if (wait == WAIT_OBJECT_0)
    judge(child.process.get(), result);
  else
    result.fate = child_fate::timed_out;
  TerminateJobObject(child.job.get(), 1);
  result.results = results.finish(), result.output = output.finish();
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
