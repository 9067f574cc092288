// What became of a case.
#ifndef TENURE_TEST_MISUSE_VERDICT_HPP
#define TENURE_TEST_MISUSE_VERDICT_HPP

#include <string>

namespace misuse {

enum class fate {
  survives, // the right result, and what was closed is gone
  refuses,  // a clear error, and nothing changed
  defers,   // not closed yet, and the report says so
  lingers,  // closed, still mapped, and the report says why
  faults,   // dies of an access to the very module, and the last words name it
  dies,     // a signal, an exit or a hang
  lies,     // a wrong result, or said to be done and is not
};

constexpr const char* to_string(fate f) {
  constexpr const char* names[] = {"survives", "refuses", "defers", "lingers", "faults", "dies", "lies"};
  return names[static_cast<int>(f)];
}

struct verdict {
  fate is = fate::survives;
  std::string message; // of the error, of the report, or of what is wrong
};

// Thrown by a way that refuses an operation.
struct refused {
  std::string message;
};

// Thrown by a case that got a wrong result.
struct lie {
  std::string message;
};

inline void expect(bool right, const char* claim) {
  if (!right) throw lie{std::string("not true: ") + claim};
}

} // namespace misuse

#endif
