// Where in the source something was asked for.
#ifndef TENURE_CODE_LOCATION_HPP
#define TENURE_CODE_LOCATION_HPP

namespace tenure::inline v1 {

// What std::source_location is, by the compilers' builtins alone: clang 14 with libc++ has no such header.
// Obtained from: current(), as a default argument. The texts belong to the image that called; whoever keeps
// them beyond the call copies them. Threads: as an int.
struct code_location {
  const char* file = ""; // as the compiler was given it
  const char* function = ""; // its name
  unsigned line = 0; // counted from 1; 0 where it is not known

  // Where the call stands. Pre: used as a default argument, with none of its own given.
  static constexpr code_location current(const char* file = __builtin_FILE(),
                                         const char* function = __builtin_FUNCTION(),
                                         unsigned line = __builtin_LINE()) noexcept {
    return {file, function, line};
  }
};

} // namespace tenure::inline v1

#endif
