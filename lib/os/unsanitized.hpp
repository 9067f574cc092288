// For functions that read memory which belongs to nobody in particular: a whole stack, with all its red
// zones.
#ifndef TENURE_LIB_OS_UNSANITIZED_HPP
#define TENURE_LIB_OS_UNSANITIZED_HPP

// An unsanitized function is not checked and keeps its locals on the real stack, not on ASan's fake one. GCC
// does not inline checked functions into it, so every helper on the way to a foreign word carries the
// attribute too.
#if defined(__clang__)
#  define TENURE_UNSANITIZED __attribute__((no_sanitize("address", "thread", "memory", "hwaddress")))
#elif defined(__GNUC__)
#  define TENURE_UNSANITIZED __attribute__((no_sanitize("address", "thread")))
#elif defined(_MSC_VER)
#  define TENURE_UNSANITIZED __declspec(no_sanitize_address)
#else
#  define TENURE_UNSANITIZED
#endif

#if defined(_MSC_VER)
#  define TENURE_NOT_INLINED __declspec(noinline)
#else
#  define TENURE_NOT_INLINED __attribute__((noinline))
#endif

#endif
