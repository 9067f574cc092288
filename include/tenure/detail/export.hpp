// What leaves the library: everything else is hidden. TENURE_STATIC is set by the package files of a static
// build.
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

#endif
