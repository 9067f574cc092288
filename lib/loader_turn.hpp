// Our calls into the system's loader, one after the other, with a limit to the wait. The loader has a lock of
// its own, which it holds while initialisers and finalisers run and for which nobody can wait with a limit:
// if one of these waits for a thread that wants the loader, both stand still for ever. Here the second one
// gets an answer instead.
//
// Seen are calls of this library only. Who is in the loader by a dlopen, a first thread_local or a thread's
// end of its own is waited for inside the loader, without a limit.
//
// Lock order. The turn comes after the gate of os/fork.hpp and before the loader's lock. Never waited for
// with a mutex of ours held; its own mutex is a leaf.
#ifndef TENURE_LIB_LOADER_TURN_HPP
#define TENURE_LIB_LOADER_TURN_HPP

#include "os/os.hpp"
#include "sync.hpp"

#include <chrono>
#include <string>

namespace tenure::inline v1::detail {

// When it is first looked whether the other thread waits for this one.
inline constexpr duration first_look = milliseconds(10);

enum class turn_use : std::uint8_t { load, close, look_up };

// How long a wait goes on. It counts anew for each call that is waited for: what makes progress is no reason
// to give up.
class patience_left {
public:
  explicit patience_left(duration limit) noexcept
      : limit_(limit) {}

  // `call`: a number that is another one when there was progress; not 0.
  [[nodiscard]] bool is_over(std::uint64_t call) noexcept;
  // To be waited at most before the next look.
  [[nodiscard]] std::chrono::nanoseconds next() noexcept;
  [[nodiscard]] duration waited() const noexcept { return waited_; }

private:
  const duration limit_; // 0: none
  std::uint64_t call_ = 0;
  time_point since_;
  duration waited_;
  duration step_;
};

// Held for a scope; calls of one thread may be nested. Pre: the thread holds the gate of os/fork.hpp.
class loader_turn {
public:
  // `path` must live as long.
  loader_turn(turn_use what, const char* path, duration patience) noexcept;
  loader_turn(const loader_turn&) = delete;
  loader_turn& operator=(const loader_turn&) = delete;
  ~loader_turn() { leave(); }
  // Before its scope ends: the next one may go on.
  void leave() noexcept;

  [[nodiscard]] bool taken() const noexcept { return taken_; }
  // What was true before may no longer be.
  [[nodiscard]] bool waited() const noexcept { return waited_; }
  // Who has it, and whether that one waits for this thread. Pre: not taken.
  [[nodiscard]] const std::string& who() const noexcept { return who_; }

private:
  bool await_locked(duration patience) noexcept;
  void tell_locked(bool waits_for_us) noexcept;

  bool taken_ = true;
  bool waited_ = false;
  bool counted_ = false;
  turn_use outer_use_{}; // of this thread's call around this one
  const char* outer_path_ = nullptr;
  std::string who_;
};

// The fault of a call that did not get its turn.
void explain_busy(os::fault& fault, const loader_turn& turn);

// In words, of a thread that has been at it for some time: "thread 4711 has been loading /x/a.so for 0.2 s".
[[nodiscard]] std::string describe_worker(std::uint64_t thread, const char* doing, const char* path,
                                          duration time, bool waits_for_us);

// Once per process, before the first turn.
void prepare_turns() noexcept;

} // namespace tenure::inline v1::detail

#endif
