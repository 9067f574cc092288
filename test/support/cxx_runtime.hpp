// What a program may expect of exceptions that its modules throw.
#ifndef TENURE_TEST_CXX_RUNTIME_HPP
#define TENURE_TEST_CXX_RUNTIME_HPP

#include <utility>
#include <version> // which says whose library this is, and how it was built

namespace tenure_test {

// Whether the program and its modules have one C++ runtime. With zig's toolchain each library is linked with
// a libc++ and a libc++abi of its own, whose symbols are hidden; libc++ tells types apart by the address of
// their names. So what a module throws can be caught by `catch (...)`, kept and thrown again, but is of no
// type that the program knows. And each runtime counts for itself what is thrown and not caught yet: that of
// the catcher once too little, for ever.
#if defined(_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS)
inline constexpr bool one_cxx_runtime = false;
#else
inline constexpr bool one_cxx_runtime = true;
#endif

// True if a module's code that is called throws an E, and this program can tell.
template <class E, class Call> bool throws(Call&& call) {
  try {
    static_cast<void>(std::forward<Call>(call)());
  } catch (const E&) {
    return one_cxx_runtime;
  } catch (...) {
    return !one_cxx_runtime;
  }
  return false;
}

} // namespace tenure_test

#endif
