// Asks running threads by a signal whether they are inside of an image. Linux.
#ifndef TENURE_LIB_OS_THREAD_QUESTIONS_HPP
#define TENURE_LIB_OS_THREAD_QUESTIONS_HPP

#include "dead_frames.hpp"
#include "interrupted_thread.hpp"

#include <csignal>
#include <ctime>
#include <linux/futex.h>

namespace tenure::inline v1::os {

// Waits until `word` is no longer `seen`, somebody wakes us, or the time is over.
TENURE_UNSANITIZED inline void wait_for_change(const std::uint32_t& word, std::uint32_t seen,
                                               long nanoseconds) noexcept {
  const timespec limit{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, &limit, nullptr, 0);
}

TENURE_UNSANITIZED inline void wake_waiters(const std::uint32_t& word) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

TENURE_UNSANITIZED inline mapped_image inverted(const mapped_image& image) noexcept {
  mapped_image other = image;
  other.whole = {~image.whole.begin, ~image.whole.end};
  for (std::size_t i = 0; i != max_code_ranges; ++i)
    other.code[i] = {~image.code[i].begin, ~image.code[i].end};
  return other;
}

// Questions to up to `capacity` threads at once, and their answers. There is one such object, which outlives
// every signal that it sent; all but `answer` is called by one thread at a time.
//
// A question's word holds its number and what became of it, so that a signal which arrives late finds that
// out:
//   unasked    nothing was sent, or it has arrived without effect
//   asked      the signal is on its way; the asker may abandon the question
//   abandoned  still on its way, but nobody waits for it: the place is taken until the signal arrives or the
//              thread ends
//   looking    the thread is in the handler, and nobody else is asked until it is done. Who asked it gives up
//              after a while, and somebody else may close the image then
//   answered   the finding is complete
class thread_questions {
public:
  static constexpr std::size_t capacity = 32;

  // pre: nobody looks. Kept inverted: the reference scan, which comes next, would find it.
  void begin(const mapped_image& image) noexcept { inverse_ = inverted(image); }

  // Open questions are those whose answer the asker still wants.
  [[nodiscard]] bool is_open(std::size_t index) const noexcept { return questions_[index].open; }
  [[nodiscard]] std::size_t first_open() const noexcept {
    std::size_t index = 0;
    while (index != capacity && !questions_[index].open) ++index;
    return index;
  }
  [[nodiscard]] pid_t thread(std::size_t index) const noexcept { return questions_[index].thread; }

  // False if there is no room; nothing is sent yet.
  bool add(pid_t thread) noexcept {
    std::size_t index = 0;
    while (index != capacity && !is_free(index)) ++index;
    if (index == capacity) return false;
    question& next = questions_[index];
    next.thread = thread;
    next.number = ++numbers_ * number_step | static_cast<std::uint32_t>(index) << state_bits;
    next.open = true;
    // relaxed: no handler looks at a word that is not `asked`
    __atomic_store_n(&next.word, next.number | unasked, __ATOMIC_RELAXED);
    return true;
  }

  // False if the system takes no signal for that thread.
  bool send(std::size_t index, int signal) noexcept {
    question& sent = questions_[index];
    // release: the image is visible to the handler, which acquires it with the word
    __atomic_store_n(&sent.word, sent.number | asked, __ATOMIC_RELEASE);
    siginfo_t cookie{};
    cookie.si_signo = signal;
    cookie.si_code = SI_QUEUE;
    cookie.si_pid = ::getpid();
    cookie.si_uid = ::getuid();
    cookie.si_value.sival_int = static_cast<int>(sent.number);
    if (::syscall(SYS_rt_tgsigqueueinfo, cookie.si_pid, sent.thread, signal, &cookie) == 0) return true;
    change(index, asked, unasked);
    return false;
  }

  [[nodiscard]] bool is_unasked(std::size_t index) const noexcept { return state_of(index) == unasked; }
  // True while the thread looks.
  [[nodiscard]] bool is_read(std::size_t index) const noexcept { return state_of(index) == looking; }
  [[nodiscard]] bool is_answered(std::size_t index) const noexcept { return state_of(index) == answered; }

  // pre: is_answered
  [[nodiscard]] const stack_finding& finding(std::size_t index) const noexcept {
    return questions_[index].finding;
  }

  // The asker wants no answer any more. False if the thread is looking, which the next one waits for.
  bool close(std::size_t index) noexcept {
    if (state_of(index) == asked) change(index, asked, abandoned);
    if (state_of(index) == looking) return false;
    questions_[index].open = false;
    return true;
  }

  // True if any thread is still reading an image, maybe that of an earlier call.
  [[nodiscard]] bool anybody_looks() const noexcept {
    for (std::size_t i = 0; i != capacity; ++i)
      if (state_of(i) == looking) return true;
    return false;
  }

  // True if a signal was sent and has not arrived: until then the handler must stay.
  [[nodiscard]] bool any_on_its_way() const noexcept {
    for (std::size_t i = 0; i != capacity; ++i)
      if (state_of(i) == asked || state_of(i) == abandoned) return true;
    return false;
  }

  // A signal ends with its thread. Another thread that got its number only keeps the place taken.
  template <typename Alive> void forget_ended(Alive is_alive_now) noexcept {
    for (std::size_t i = 0; i != capacity; ++i)
      if (state_of(i) == abandoned && !is_alive_now(questions_[i].thread)) change(i, abandoned, unasked);
  }

  // The next asker begins anew; it waits for those who still look.
  void close_all() noexcept {
    for (question& each : questions_) each.open = false;
  }

  // In the child of a fork: pending signals are not inherited, nor are the threads that would answer.
  void forget_all() noexcept {
    for (question& each : questions_) each.word = 0, each.open = false;
  }

  // A moment to wait from: an answer that comes later ends the wait.
  [[nodiscard]] std::uint32_t answers() const noexcept {
    return __atomic_load_n(&answers_, __ATOMIC_ACQUIRE); // acquire: pairs with the release in `answer`
  }
  void wait(std::uint32_t since, long nanoseconds) const noexcept {
    wait_for_change(answers_, since, nanoseconds);
  }

  // In the handler, on the thread that was asked.
  TENURE_UNSANITIZED void answer(const siginfo_t& cookie, const ucontext_t& context,
                                 std::uintptr_t frame) noexcept {
    const auto number = static_cast<std::uint32_t>(cookie.si_value.sival_int);
    question& mine = questions_[number >> state_bits & (capacity - 1)];
    std::uint32_t expected = number | asked;
    // acq_rel: acquire so that the image is the asker's; release pairs with the asker's exchange in `change`
    if (!__atomic_compare_exchange_n(&mine.word, &expected, number | looking, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
      expected = number | abandoned;
      // acq_rel: as above; where the number is another one, nothing is known of this signal
      __atomic_compare_exchange_n(&mine.word, &expected, number | unasked, false, __ATOMIC_ACQ_REL,
                                  __ATOMIC_RELAXED);
    } else {
      mine.finding = look(context, frame);
      wipe_dead_frames<1024>(); // no more than it needed: the thread may be on a small stack for signals
      // release: the finding and the end of our reading are visible to the asker that sees `answered`
      __atomic_store_n(&mine.word, number | answered, __ATOMIC_RELEASE);
    }
    __atomic_fetch_add(&answers_, 1, __ATOMIC_RELEASE); // release: whoever has seen it sees the word too
    wake_waiters(answers_);
  }

private:
  enum state : std::uint32_t { unasked = 0, asked = 1, looking = 2, answered = 3, abandoned = 4 };
  static constexpr unsigned state_bits = 3, index_bits = 5;
  static constexpr std::uint32_t state_mask = (1U << state_bits) - 1;
  static constexpr std::uint32_t number_step = 1U << (state_bits + index_bits);
  static_assert(capacity == 1U << index_bits);

  struct question {
    std::uint32_t word = 0;   // number and state: the asker and the handler write it
    std::uint32_t number = 0; // the asker's
    pid_t thread = 0;         // the asker's
    bool open = false;        // the asker's
    stack_finding finding;    // the handler's, before it stores `answered`
  };

  // In frames of its own, in which the image stands as it is.
  TENURE_UNSANITIZED TENURE_NOT_INLINED stack_finding look(const ucontext_t& context,
                                                           std::uintptr_t frame) const noexcept {
    interrupted_thread here(context, frame);
    return here.scan(inverted(inverse_));
  }

  [[nodiscard]] std::uint32_t state_of(std::size_t index) const noexcept {
    // acquire: pairs with the handler's release, so that the finding can be read
    return __atomic_load_n(&questions_[index].word, __ATOMIC_ACQUIRE) & state_mask;
  }

  [[nodiscard]] bool is_free(std::size_t index) const noexcept {
    return !questions_[index].open && (state_of(index) == unasked || state_of(index) == answered);
  }

  // False if the handler was faster.
  bool change(std::size_t index, state from, state to) noexcept {
    question& changed = questions_[index];
    std::uint32_t expected = changed.number | from;
    // acq_rel: release ends our use of the question; acquire pairs with the handler's last store
    return __atomic_compare_exchange_n(&changed.word, &expected, changed.number | to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
  }

  question questions_[capacity]{};
  mapped_image inverse_;      // what handlers look for; the asker writes it while nobody looks
  std::uint32_t numbers_ = 0; // of all questions ever
  std::uint32_t answers_ = 0; // handlers add; the asker waits for it
};

} // namespace tenure::inline v1::os

#endif
