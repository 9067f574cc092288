// The other threads' stacks on Windows: each thread is suspended, read and resumed.
#include "code_search.hpp"
#include "ntdll.hpp"
#include "other_threads.hpp"

#include <tlhelp32.h>
#include <winternl.h>

namespace tenure::inline v1::os {
namespace {

// A list is taken again until it holds nobody new; so often at most.
constexpr unsigned most_lists = 64;

// What each system since Windows Vista has; found by name, for the headers lack it.
using next_thread_function = NTSTATUS NTAPI(HANDLE process, HANDLE thread, ACCESS_MASK, ULONG, ULONG,
                                            HANDLE* next);
using thread_information_function = NTSTATUS NTAPI(HANDLE thread, int what, void* into, ULONG size,
                                                   ULONG* written);

class owned_handle {
public:
  explicit owned_handle(HANDLE handle) noexcept
      : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
  owned_handle(const owned_handle&) = delete;
  owned_handle& operator=(const owned_handle&) = delete;
  ~owned_handle() {
    if (handle_ != nullptr) CloseHandle(handle_);
  }
  [[nodiscard]] HANDLE get() const noexcept { return handle_; }
  void reset(HANDLE handle) noexcept {
    if (handle_ != nullptr) CloseHandle(handle_);
    handle_ = handle;
  }

private:
  HANDLE handle_;
};

// ThreadBasicInformation, which winternl.h does not describe.
struct thread_basics {
  NTSTATUS exit_status;
  const NT_TIB* block;
  HANDLE process, thread;
  ULONG_PTR affinity;
  LONG priority, base_priority;
};

address_range frames_of(HANDLE thread, careful_reader& reader) noexcept {
  static thread_information_function* const ask =
      system_function<thread_information_function>("NtQueryInformationThread");
  thread_basics basics{};
  NT_TIB block{};
  if (ask == nullptr || ask(thread, 0, &basics, sizeof basics, nullptr) < 0 || basics.block == nullptr ||
      !reader.read(reinterpret_cast<std::uintptr_t>(basics.block), &block, sizeof block))
    return {};
  return {reinterpret_cast<std::uintptr_t>(block.StackLimit),
          reinterpret_cast<std::uintptr_t>(block.StackBase)};
}

std::uintptr_t stack_pointer(const CONTEXT& context) noexcept {
#if defined(_M_X64) || defined(__x86_64__)
  return context.Rsp;
#elif defined(_M_IX86) || defined(__i386__)
  return context.Esp;
#else
  return context.Sp;
#endif
}

std::uintptr_t program_counter(const CONTEXT& context) noexcept {
#if defined(_M_X64) || defined(__x86_64__)
  return context.Rip;
#elif defined(_M_IX86) || defined(__i386__)
  return context.Eip;
#else
  return context.Pc;
#endif
}

// Where a caller's address may be in a register only.
[[maybe_unused]] std::uintptr_t link_register([[maybe_unused]] const CONTEXT& context) noexcept {
#if defined(_M_ARM64) || defined(__aarch64__)
  return context.Lr;
#else
  return 0;
#endif
}

// A thread that stands still. While it does it may hold any lock, that of the heap or the loader's: nothing
// is called but the system itself.
class suspended_thread {
public:
  explicit suspended_thread(HANDLE thread) noexcept
      : thread_(thread)
      , suspended_(SuspendThread(thread) != static_cast<DWORD>(-1)) {
    context_.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
    // Also waits until the thread has really stopped, which SuspendThread does not.
    known_ = suspended_ && GetThreadContext(thread, &context_) != 0;
  }
  suspended_thread(const suspended_thread&) = delete;
  suspended_thread& operator=(const suspended_thread&) = delete;
  ~suspended_thread() {
    if (suspended_) ResumeThread(thread_);
  }
  [[nodiscard]] bool is_known() const noexcept { return known_; }

  stack_finding scan(const mapped_image& image, address_range frames) const noexcept {
    const std::uintptr_t pc = program_counter(context_), sp = stack_pointer(context_);
    if (image.executes(pc)) return {stack_evidence::interrupted_code, pc, 0};
    stack_walk walk({frames.contains(sp) ? sp : frames.begin, frames.end}, sp);
    walk.distrust_memory();
    code_search search(image, walk);
    search.distrust_frames();
    const stack_word link = link_register(context_);
    if (search({&link, 1, 0}) || walk.run(search) || walk.reached_end()) return search.finding;
    stack_walk rest(frames, walk.reader.lowest_readable(frames)); // it runs on a fiber of its own making
    rest.distrust_memory();
    code_search below(image, rest);
    below.distrust_frames();
    rest.run(below);
    return below.finding;
  }

private:
  HANDLE thread_;
  CONTEXT context_{};
  bool suspended_;
  bool known_ = false;
};

// The numbers of the threads that were looked at.
class seen_threads {
public:
  static constexpr std::size_t capacity = 4096;
  [[nodiscard]] bool contains(DWORD thread) const noexcept {
    for (std::size_t i = 0; i != count_; ++i)
      if (threads_[i] == thread) return true;
    return false;
  }
  bool add(DWORD thread) noexcept {
    if (count_ == capacity) return false;
    threads_[count_++] = thread;
    return true;
  }
  void clear() noexcept { count_ = 0; }

private:
  DWORD threads_[capacity];
  std::size_t count_;
};
constinit seen_threads seen{};
SRWLOCK one_scan = SRWLOCK_INIT; // two threads that suspend each other would wait for ever

class scan {
public:
  explicit scan(const mapped_image& image) noexcept
      : image_(image) {}

  thread_finding run() noexcept {
    seen.clear();
    seen.add(GetCurrentThreadId());
    for (unsigned i = 0; i != most_lists; ++i) {
      news_ = false;
      if (!for_each_thread()) return finding_ ? finding_ : no_answer(0);
      if (!news_) return {};
    }
    return no_answer(0);
  }

private:
  static thread_finding no_answer(DWORD thread) noexcept {
    return {thread_evidence::no_answer, thread, 0, 0};
  }

  bool conclude(const thread_finding& finding) noexcept {
    finding_ = finding;
    return false;
  }

  // False if the scan is over, or there is no list.
  bool for_each_thread() noexcept {
    static next_thread_function* const next_thread = system_function<next_thread_function>("NtGetNextThread");
    return next_thread != nullptr ? walk_threads(next_thread) : walk_snapshot();
  }

  bool walk_threads(next_thread_function* next_thread) noexcept {
    constexpr ACCESS_MASK access =
        THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION | SYNCHRONIZE;
    owned_handle current(nullptr);
    for (;;) {
      HANDLE next = nullptr;
      const NTSTATUS status = next_thread(GetCurrentProcess(), current.get(), access, 0, 0, &next);
      if (status < 0) return static_cast<ULONG>(status) == 0x8000001A; // no more entries
      current.reset(next);
      if (!look_at(GetThreadId(next), next)) return false;
    }
  }

  // All threads of the system: slow, but as old as Windows 2000.
  bool walk_snapshot() noexcept {
    const owned_handle snapshot(CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0));
    THREADENTRY32 entry{};
    entry.dwSize = sizeof entry;
    if (snapshot.get() == nullptr || Thread32First(snapshot.get(), &entry) == 0) return false;
    do {
      if (entry.th32OwnerProcessID != GetCurrentProcessId() || seen.contains(entry.th32ThreadID)) continue;
      const owned_handle thread(
          OpenThread(THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION | SYNCHRONIZE,
                     FALSE, entry.th32ThreadID));
      if (thread.get() == nullptr && GetLastError() == ERROR_INVALID_PARAMETER) continue; // has ended
      if (!look_at(entry.th32ThreadID, thread.get())) return false;
    } while (Thread32Next(snapshot.get(), &entry) != 0);
    return GetLastError() == ERROR_NO_MORE_FILES;
  }

  bool look_at(DWORD number, HANDLE thread) noexcept {
    if (seen.contains(number)) return true;
    news_ = true;
    if (!seen.add(number) || thread == nullptr) return conclude(no_answer(number));
    careful_reader reader;
    const address_range frames = frames_of(thread, reader);
    stack_finding found;
    bool known = false;
    if (frames.size() != 0) {
      const suspended_thread stopped(thread);
      known = stopped.is_known();
      if (known) found = stopped.scan(image_, frames);
    }
    if (!known) return has_ended(thread) || conclude(no_answer(number));
    return !found || conclude(number, found);
  }

  bool conclude(DWORD number, const stack_finding& found) noexcept {
    const bool stopped = found.evidence == stack_evidence::interrupted_code;
    return conclude({stopped ? thread_evidence::executing_code : thread_evidence::return_address, number,
                     found.address, found.slot});
  }

  static bool has_ended(HANDLE thread) noexcept { return WaitForSingleObject(thread, 0) == WAIT_OBJECT_0; }

  const mapped_image& image_;
  thread_finding finding_;
  bool news_ = false;
};

} // namespace

thread_finding scan_other_threads(const mapped_image& image) noexcept {
  const DWORD kept_error = GetLastError();
  thread_finding finding;
  if (image.code_count != 0) {
    AcquireSRWLockExclusive(&one_scan);
    finding = scan(image).run();
    ReleaseSRWLockExclusive(&one_scan);
  }
  SetLastError(kept_error);
  return finding;
}

} // namespace tenure::inline v1::os
