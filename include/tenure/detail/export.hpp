// What leaves the library: everything else is hidden. TENURE_STATIC is set by the package files of a static build.
#ifndef TENURE_DETAIL_EXPORT_HPP
#define TENURE_DETAIL_EXPORT_HPP

#if defined(TENURE_STATIC)
#  define TENURE_API
#elif defined(_WIN32)
#  if defined(TENURE_BUILDING)
#    define TENURE_API __declspec(dllexport)
#  else
#    define TENURE_API __declspec(dllimport)
#  endif
#else
#  define TENURE_API __attribute__((visibility("default")))
#endif

// TENURE_OWN_STRIPES: how a thread's own counters are declared, where threads can have some (count.hpp). glibc keeps
// room for a variable of eight bytes that is reached without a call, also in libraries that are loaded later; musl
// does not.
#if defined(__linux__) && !defined(TENURE_SCHEDULED)
#  if __has_include(<gnu/libc-version.h>)
#    define TENURE_OWN_STRIPES extern TENURE_API __attribute__((tls_model("initial-exec"))) thread_local constinit
#  else
#    define TENURE_OWN_STRIPES extern TENURE_API thread_local constinit
#  endif
#endif

#endif
