// fork() on POSIX systems.
#include "os/fork.hpp"

#include "os/os.hpp"

#include <ctime>
#include <pthread.h>

namespace tenure::inline v1::os {

constinit fork_watcher* fork_watchers = nullptr;

namespace {

// An initialiser may itself wait for a lock that the forking thread holds: then waiting for it would never
// end.
constexpr time_t patience = 1; // second

#if defined(PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP)
#  define TENURE_GATE_INITIALIZER                                                                            \
    PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP // loads without end do not starve it
#else
#  define TENURE_GATE_INITIALIZER PTHREAD_RWLOCK_INITIALIZER
#endif

const pthread_rwlock_t fresh_gate = TENURE_GATE_INITIALIZER;
const pthread_mutex_t fresh_list = PTHREAD_MUTEX_INITIALIZER;

// Excludes forks while a module is loaded or closed. Taken first, before `list`.
pthread_rwlock_t gate = TENURE_GATE_INITIALIZER;
bool gate_held = false; // by the forking thread; only it touches this, with `list` held

// Guards `fork_watchers`. Held over a fork; before any watcher's own locks.
pthread_mutex_t list = PTHREAD_MUTEX_INITIALIZER;

pthread_once_t once = PTHREAD_ONCE_INIT;

thread_local constinit unsigned own_depth = 0;                         // how often this thread holds the gate
thread_local constinit int could_be_cancelled = PTHREAD_CANCEL_ENABLE; // before it took it

bool close_gate() noexcept {
  if (own_depth != 0) return false; // a fork in an initialiser: what it is in the middle of, its child is too
#if defined(__APPLE__)
  return ::pthread_rwlock_trywrlock(&gate) == 0; // it has no timed one
#else
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += patience;
  return ::pthread_rwlock_timedwrlock(&gate, &until) == 0;
#endif
}

// With the list's lock held, or alone in a child.
void tell_all(fork_watcher::callback fork_watcher::*what) noexcept {
  for (fork_watcher* w = fork_watchers; w != nullptr; w = w->next)
    if (w->*what != nullptr) (w->*what)(w->context);
}

void before_fork() noexcept {
  const bool held = close_gate();
  ::pthread_mutex_lock(&list);
  gate_held = held;
  tell_all(&fork_watcher::prepare);
}

void after_fork_in_parent() noexcept {
  tell_all(&fork_watcher::parent);
  const bool held = gate_held;
  ::pthread_mutex_unlock(&list);
  if (held) ::pthread_rwlock_unlock(&gate);
}

// Locks that other threads were waiting for are made anew: those threads are not here.
void after_fork_in_child() noexcept {
  forget_thread_number(); // first: the watchers ask for it
  if (gate_held) ::pthread_rwlock_unlock(&gate); // so that sanitizers know
  gate = fresh_gate;
  ::pthread_mutex_unlock(&list);
  list = fresh_list;
  tell_all(&fork_watcher::child);
  if (own_depth != 0) ::pthread_rwlock_rdlock(&gate); // the gate comes before what watchers hold
}

void watch_forks() noexcept { ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); }

} // namespace

void add_fork_watcher(fork_watcher& w) noexcept {
  ::pthread_once(&once, watch_forks);
  ::pthread_mutex_lock(&list);
  w.next = fork_watchers;
  fork_watchers = &w;
  ::pthread_mutex_unlock(&list);
}

void remove_fork_watcher(fork_watcher& w) noexcept {
  ::pthread_mutex_lock(&list);
  fork_watcher** at = &fork_watchers;
  while (*at != &w) at = &(*at)->next;
  *at = w.next;
  ::pthread_mutex_unlock(&list);
}

void enter_fork_gate() noexcept {
  if (own_depth++ != 0) return;
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &could_be_cancelled);
  ::pthread_rwlock_rdlock(&gate);
}

void open_fork_gate() noexcept {
  if (own_depth == 1) ::pthread_rwlock_unlock(&gate);
}

void close_fork_gate() noexcept {
  if (own_depth == 1) ::pthread_rwlock_rdlock(&gate);
}

void leave_fork_gate() noexcept {
  if (--own_depth != 0) return;
  ::pthread_rwlock_unlock(&gate);
  int ignored = 0;
  ::pthread_setcancelstate(could_be_cancelled, &ignored);
}

} // namespace tenure::inline v1::os
