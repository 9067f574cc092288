// A child of fork() has one thread and a copy of everything that the others were in the middle of. So fork()
// waits until nobody is loading or closing, and holds every registry meanwhile; then the child may load and
// close too. Where there is no fork() all of this does nothing.
#ifndef TENURE_LIB_OS_FORK_HPP
#define TENURE_LIB_OS_FORK_HPP

namespace tenure::inline v1::os {

// What a fork has to hold: before it, and after it in the parent and in the child; null where nothing is to
// be done. Called by the thread that forks.
struct fork_watcher {
  using callback = void (*)(void* context) noexcept;
  callback prepare = nullptr;
  callback parent = nullptr;
  callback child = nullptr;
  void* context = nullptr;
  fork_watcher* next = nullptr; // the port's
};

// Any thread. The watcher must stay where it is until it is removed. Lock order: the list's lock comes before
// what `prepare` takes, so neither is called with that held.
void add_fork_watcher(fork_watcher& w) noexcept;
void remove_fork_watcher(fork_watcher& w) noexcept;
// The first one, for debuggers alone; always null where there is no fork().
extern constinit fork_watcher* fork_watchers;

// While a thread holds the gate no other one forks; a fork waits a second at most, and then goes ahead. Nor
// is the thread cancelled: it would leave with the loader's lock, or in the middle of a function that
// promises not to throw. Calls of one thread may be nested.
void enter_fork_gate() noexcept;
void leave_fork_gate() noexcept;

// For a wait in between: who is waited for may be waiting for the gate behind a fork. Takes only the
// outermost call's hold away, and gives it back. Not with a lock held that a watcher's `prepare` takes.
void open_fork_gate() noexcept;
void close_fork_gate() noexcept;

class fork_gate {
public:
  fork_gate() noexcept { enter_fork_gate(); }
  fork_gate(const fork_gate&) = delete;
  fork_gate& operator=(const fork_gate&) = delete;
  ~fork_gate() { leave_fork_gate(); }
};

} // namespace tenure::inline v1::os

#endif
