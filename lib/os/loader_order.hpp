// What ThreadSanitizer is told of the loader, on POSIX systems.
#ifndef TENURE_LIB_OS_LOADER_ORDER_HPP
#define TENURE_LIB_OS_LOADER_ORDER_HPP

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

} // namespace tenure::inline v1::os

#endif
