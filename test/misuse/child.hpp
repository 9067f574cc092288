// The child process of one case in one way.
#ifndef TENURE_TEST_MISUSE_CHILD_HPP
#define TENURE_TEST_MISUSE_CHILD_HPP

#include "verdict.hpp"

#include <utility>

namespace misuse {

// Tells the parent, which takes the last word, and looks at how the process ends as well.
void tell(const verdict& v);

// For cases whose danger is at the process's end: `end` is called with 0.
template <class End> void end_of_child(const verdict& v, End&& end) {
  tell(v);
  std::forward<End>(end)(0);
}

// `misuse --child WAY CASE MODULES SCRATCH`.
int run_child(char** arguments);

} // namespace misuse

#endif
