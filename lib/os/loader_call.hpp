// What stands around every call that may run initialisers or finalisers of others, on POSIX systems.
#ifndef TENURE_LIB_OS_LOADER_CALL_HPP
#define TENURE_LIB_OS_LOADER_CALL_HPP

#include <pthread.h>

#if defined(__SANITIZE_THREAD__)
#  define TENURE_THREAD_SANITIZED 1
#elif defined(__has_feature)
#  if __has_feature(thread_sanitizer)
#    define TENURE_THREAD_SANITIZED 1
#  endif
#endif

#if defined(TENURE_THREAD_SANITIZED)
#  include <mutex>
#endif

namespace tenure::inline v1::os {

#if defined(TENURE_THREAD_SANITIZED)
// ThreadSanitizer does not see the loader's own lock, and takes a module's variable for that of another one
// that lay at its address before. So it is shown one: as the loader's it is recursive, and held while
// initialisers and finalisers run. Where locks are taken in two orders, it reports what would be a deadlock
// with the loader's.
class loader_order {
public:
  loader_order() { the_loaders().lock(); }
  loader_order(const loader_order&) = delete;
  loader_order& operator=(const loader_order&) = delete;
  ~loader_order() { the_loaders().unlock(); }

private:
  static std::recursive_mutex& the_loaders() {
    static std::recursive_mutex& never_destroyed = *new std::recursive_mutex;
    return never_destroyed;
  }
};
#else
struct loader_order {
  loader_order() noexcept {} // not trivial: no warning that the object is unused
};
#endif

// A thread that is cancelled inside the loader would leave with the loader's lock, which then is held for
// ever: so the cancellation waits until the loader has returned.
class loader_call {
public:
  loader_call() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  loader_call(const loader_call&) = delete;
  loader_call& operator=(const loader_call&) = delete;
  ~loader_call() {
    int ignored = 0;
    ::pthread_setcancelstate(before_, &ignored);
  }

private:
  int before_ = 0;
  loader_order order_;
};

} // namespace tenure::inline v1::os

#endif
