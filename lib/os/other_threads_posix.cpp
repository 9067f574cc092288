// The other threads' stacks on Linux. Other POSIX systems give no answer.
#include "other_threads.hpp"

#if defined(__linux__)
#  include "blocked_thread.hpp"
#  include "thread_questions.hpp"
#endif

#include <cerrno>

namespace tenure::inline v1::os {

#if defined(__linux__)
namespace {

// How long a thread may take to answer, and the list of threads to stand still. With every processor busy a
// signal is delivered when the thread gets its turn: after some milliseconds for each thread that is ahead of
// it.
constexpr std::int64_t thread_patience = 100'000'000; // ns

// The same where no signal was taken, or nothing depends on it but that our handler stays installed for
// longer.
constexpr std::int64_t short_patience = 10'000'000; // ns

// For a thread that is in our handler: it reads all of its stack, 16 MiB of a foreign one, when it gets its
// turn.
constexpr std::int64_t reading_patience = 1'000'000'000; // ns

constexpr std::int64_t first_wait = 50'000; // ns; each wait is twice as long as the one before

std::int64_t nanoseconds_now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// What outlives a scan: signals may arrive after it. Zero at first; nothing is ever destroyed.
struct scanner {
  std::uint32_t process = 0;      // whose scan runs; 0: nobody's. See `turn`.
  std::uint32_t turns = 0;        // that have ended, for those who wait
  std::uint32_t last = 0;         // the process of the last scan: another one in the child of a fork
  int signal = 0;                 // for which our handler is installed; 0: none
  bool knows_kernel_view = false; // that the kernel's view of threads is of what runs here, no emulator
  thread_questions questions;
  thread_set outside;
};
constinit scanner shared{};

TENURE_UNSANITIZED void on_question(int, siginfo_t* cookie, void* context) {
  const int kept_errno = errno;
  if (cookie->si_code == SI_QUEUE && cookie->si_pid == ::getpid())
    shared.questions.answer(*cookie, *static_cast<const ucontext_t*>(context),
                            reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
  errno = kept_errno;
}

// The signal that we ask with.
bool handler_is_ours(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == &on_question;
}

bool is_unused(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

// From the end, where applications rarely begin; but the last one is valgrind's. 0 if all have handlers.
int question_signal() noexcept {
  for (int signal = SIGRTMAX - 1; signal >= SIGRTMIN; --signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && (is_unused(action) || handler_is_ours(action)))
      return signal;
  }
  return 0;
}

// One scan at a time, and none by a signal handler on the thread that is in one: while it has the turn,
// signals wait, but for those that code raises against itself. While it waits it takes them, for it may be
// asked.
class turn {
public:
  turn() noexcept {
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE,
                             &cancel_state_); // reading a file may be a place to be cancelled
    for (;;) {
      block_signals();
      // relaxed: only a moment to wait from; the turn itself is what counts
      const std::uint32_t since = __atomic_load_n(&shared.turns, __ATOMIC_RELAXED);
      if (take()) return;
      ::pthread_sigmask(SIG_SETMASK, &signals_, nullptr);
      wait_for_change(shared.turns, since, thread_patience);
    }
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn() {
    __atomic_store_n(&shared.process, 0, __ATOMIC_RELEASE); // release: pairs with the acquire in `take`
    __atomic_fetch_add(&shared.turns, 1, __ATOMIC_RELAXED); // relaxed: as in the constructor
    wake_waiters(shared.turns);
    ::pthread_sigmask(SIG_SETMASK, &signals_, nullptr);
    ::pthread_setcancelstate(cancel_state_, &cancel_state_);
  }

private:
  // The turn of a process that was forked while another thread had it will never end.
  static bool take() noexcept {
    const auto self = static_cast<std::uint32_t>(::getpid());
    // relaxed: the exchange checks it
    std::uint32_t holder = __atomic_load_n(&shared.process, __ATOMIC_RELAXED);
    return holder != self &&
           // acquire: what the last scan wrote; pairs with the release in the destructor
           __atomic_compare_exchange_n(&shared.process, &holder, self, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
  }

  void block_signals() noexcept {
    sigset_t most;
    ::sigfillset(&most);
    if (const int signal = question_signal(); signal != 0) ::sigdelset(&most, signal);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
      ::sigdelset(&most, fault);
    ::pthread_sigmask(SIG_SETMASK, &most, &signals_);
  }

  sigset_t signals_;
  int cancel_state_ = 0;
};

// The application may have taken the signal since, and a child that was forked at the wrong moment has our
// note but not the handler.
bool handler_is_there() noexcept {
  struct sigaction current {};
  return shared.signal != 0 && ::sigaction(shared.signal, nullptr, &current) == 0 && handler_is_ours(current);
}

// False if no signal is to be had.
bool install_handler() noexcept {
  if (handler_is_there()) return true;
  const int signal = question_signal();
  struct sigaction action {};
  struct sigaction before {};
  action.sa_sigaction = &on_question;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  ::sigfillset(&action.sa_mask);
  if (signal == 0 || ::sigaction(signal, &action, &before) != 0) return false;
  if (is_unused(before) || handler_is_ours(before)) {
    shared.signal = signal;
    return true;
  }
  ::sigaction(signal, &before, nullptr); // the application was faster
  return false;
}

// A signal that arrived later would end the process, so the handler stays for as long as one is on its way.
void remove_handler() noexcept {
  if (shared.signal == 0 || shared.questions.any_on_its_way()) return;
  struct sigaction unused {};
  unused.sa_handler = SIG_DFL;
  if (handler_is_there()) ::sigaction(shared.signal, &unused, nullptr);
  shared.signal = 0;
}

// The set of signals in a line of /proc/PID/status, such as `SigBlk:`, as bits from 0 for signal 1.
std::uint64_t signals_in(const char* status, const char* name) noexcept {
  const char* const line = std::strstr(status, name);
  return line == nullptr ? 0 : std::strtoull(line + std::strlen(name), nullptr, 16);
}

class scan {
public:
  explicit scan(const mapped_image& image) noexcept
      : image_(image)
      , process_(::getpid())
      , self_(static_cast<pid_t>(::syscall(SYS_gettid))) {}
  scan(const scan&) = delete;
  scan& operator=(const scan&) = delete;

  // Signals that are on their way have a moment to arrive; else our handler stays.
  ~scan() {
    for (std::size_t i = 0; i != questions_.capacity; ++i)
      if (questions_.is_open(i)) questions_.close(i);
    if (asked_any_)
      wait_until(short_patience, [this] {
        forget_ended();
        return !questions_.any_on_its_way() && !questions_.anybody_looks();
      });
    questions_.close_all();
    remove_handler();
  }

  // Threads that run answer one after the other: the one that answered first may go in, let in by the last
  // one, before that leaves and answers. So where any was asked, all are looked at once more.
  thread_finding run() noexcept {
    if (!begin()) return no_answer(0);
    std::int64_t end = nanoseconds_now() + thread_patience;
    std::int64_t pause = first_wait;
    bool again = false;
    do {
      if (!folder_.for_each([this](pid_t thread) { return look_at(thread); }) || !settle_questions())
        return finding_ ? finding_ : no_answer(0);
      if (list_is_complete()) {
        if (!asked_any_ || again) return {};
        again = true;
        end = nanoseconds_now() + thread_patience;
        start_list();
        continue;
      }
      wait_for_change(nobodys_word_, 0, static_cast<long>(pause));
      pause *= 2;
    } while (nanoseconds_now() < end);
    return no_answer(0);
  }

private:
  static thread_finding no_answer(pid_t thread) noexcept {
    return {thread_evidence::no_answer, static_cast<std::uint64_t>(thread), 0, 0};
  }

  // False if nothing can be found out.
  bool begin() noexcept {
    if (shared.last != static_cast<std::uint32_t>(process_)) questions_.forget_all();
    shared.last = static_cast<std::uint32_t>(process_);
    if (!folder_.open() || !wait_until(reading_patience, [this] { return !questions_.anybody_looks(); }))
      return false;
    forget_ended();
    questions_.begin(image_);
    shared.knows_kernel_view = shared.knows_kernel_view || kernel_sees_us();
    start_list();
    return true;
  }

  void start_list() noexcept {
    shared.outside.clear();
    shared.outside.add(self_);
  }

  // Under an emulator the kernel's view is of the emulator's own code and stack.
  bool kernel_sees_us() const noexcept {
    constexpr std::uintptr_t near_by = 65536;
    char text[256];
    const descriptor view(folder_.open_file(self_, "syscall"));
    if (!view.open() || !view.read(text)) return false;
    return kernel_view(text).sp - reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) + near_by <
           2 * near_by;
  }

  // Every thread alive when they were counted was found outside, if that many of these are alive now: as they
  // were listed before the count, they were alive then.
  bool list_is_complete() noexcept {
    const std::size_t alive = folder_.count();
    shared.outside.keep_living(process_);
    return shared.outside.size() == alive;
  }

  // False if the scan is over: it is inside, or cannot be dealt with.
  bool look_at(pid_t thread) noexcept {
    if (shared.outside.contains(thread)) return true;
    if (!shared.outside.add(thread)) return conclude(no_answer(thread));
    const look seen = look_from_outside(thread);
    if (seen != look::unknown) return seen == look::outside;
    if (questions_.add(thread)) return true;
    if (!settle_questions()) return false;
    return questions_.add(thread) ||
           conclude(no_answer(thread)); // all places taken by signals that nobody took
  }

  look look_from_outside(pid_t thread) noexcept {
    if (!shared.knows_kernel_view) return look::unknown;
    blocked_thread blocked(folder_, thread, place_of_list_);
    const look seen = blocked.scan(image_);
    if (seen == look::inside) conclude(thread, blocked.finding);
    return seen;
  }

  bool conclude(const thread_finding& finding) noexcept {
    finding_ = finding;
    return false;
  }
  bool conclude(pid_t thread, const stack_finding& finding) noexcept {
    const bool stopped = finding.evidence == stack_evidence::interrupted_code;
    return conclude({stopped ? thread_evidence::executing_code : thread_evidence::return_address,
                     static_cast<std::uint64_t>(thread), finding.address, finding.slot});
  }

  // False if the scan is over. Else all that were asked are outside, or have ended.
  bool settle_questions() noexcept {
    const std::int64_t start = nanoseconds_now();
    bool sent = send_questions();
    for (std::int64_t wait = first_wait;; wait *= 2) {
      const std::uint32_t since = questions_.answers();
      settle_what_is_known(wait != first_wait);
      if (finding_) return false;
      const std::size_t open = questions_.first_open();
      if (open == questions_.capacity) return true;
      if (nanoseconds_now() >= start + patience(open, sent))
        return conclude(no_answer(questions_.thread(open)));
      questions_.wait(since, static_cast<long>(wait));
      sent |= send_questions();
    }
  }

  [[nodiscard]] std::int64_t patience(std::size_t index, bool sent) const noexcept {
    return questions_.is_read(index) ? reading_patience : sent ? thread_patience : short_patience;
  }

  // To those that could not be asked before, maybe because they blocked the signal. True if any was sent.
  bool send_questions() noexcept {
    if (questions_.first_open() == questions_.capacity || !install_handler()) return false;
    bool sent = false;
    for (std::size_t i = 0; i != questions_.capacity; ++i)
      if (questions_.is_open(i) && questions_.is_unasked(i) && takes_signals(questions_.thread(i)))
        sent |= questions_.send(i, shared.signal);
    asked_any_ |= sent;
    return sent;
  }

  // A thread that blocks the signal would find it in its queue much later, where it might even wait for that
  // signal by sigwait; and one that has not taken our last signal needs no second one.
  bool takes_signals(pid_t thread) const noexcept {
    char status[2048];
    if (!shared.knows_kernel_view) return true;
    const descriptor file(folder_.open_file(thread, "status"));
    if (!file.open() || !file.read(status)) return true;
    const std::uint64_t held = signals_in(status, "SigBlk:") | signals_in(status, "SigPnd:");
    return (held >> (shared.signal - 1) & 1) == 0;
  }

  void settle_what_is_known(bool look_again) noexcept {
    for (std::size_t i = 0; i != questions_.capacity && !finding_; ++i)
      if (questions_.is_open(i)) settle(i, look_again);
  }

  // Closes the question if the thread is inside, outside or has ended.
  void settle(std::size_t index, bool look_again) noexcept {
    const pid_t thread = questions_.thread(index);
    const bool is_answered = questions_.is_answered(index);
    if (is_answered && questions_.finding(index)) conclude(thread, questions_.finding(index));
    if (is_answered || !is_alive(process_, thread) ||
        (look_again && (is_exiting(folder_, thread) || look_from_outside(thread) == look::outside)))
      questions_.close(index);
  }

  void forget_ended() noexcept {
    questions_.forget_ended([this](pid_t thread) { return is_alive(process_, thread); });
  }

  template <typename Condition> bool wait_until(std::int64_t limit, Condition met) noexcept {
    const std::int64_t end = nanoseconds_now() + limit;
    for (std::int64_t wait = first_wait;; wait *= 2) {
      const std::uint32_t since = questions_.answers();
      if (met()) return true;
      if (nanoseconds_now() >= end) return false;
      questions_.wait(since, static_cast<long>(wait));
    }
  }

  const mapped_image& image_;
  const pid_t process_;
  const pid_t self_;
  const std::uintptr_t place_of_list_ = place_of_robust_list();
  thread_folder folder_;
  thread_questions& questions_ = shared.questions;
  const std::uint32_t nobodys_word_ = 0; // to pause with
  thread_finding finding_;
  bool asked_any_ = false;
};

} // namespace

TENURE_NOT_INLINED thread_finding scan_other_threads(const mapped_image& image) noexcept {
  const int kept_errno = errno;
  thread_finding finding;
  if (image.code_count != 0) {
    const turn ours;
    finding = scan(image).run();
  }
  errno = kept_errno;
  return finding;
}

#else

// A finding that is always right: it only defers. What these systems offer (thread_get_state, ptrace,
// procstat) was not tried by us.
thread_finding scan_other_threads(const mapped_image&) noexcept {
  return {thread_evidence::no_answer, 0, 0, 0};
}

#endif

} // namespace tenure::inline v1::os
