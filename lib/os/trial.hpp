// Loads a module in a child process first: what kills the loader, or an initialiser, kills the child.
#ifndef TENURE_LIB_OS_TRIAL_HPP
#define TENURE_LIB_OS_TRIAL_HPP

#include <string>

namespace tenure::inline v1::os {

// True if this system can do it.
bool can_try_in_child() noexcept;

// Loads and closes the file in a child of fork(). True if the child lived to tell; a loader that refused the
// file is no fault of the trial's, for the real open says why. Else what became of the child: "SIGSEGV", "it
// called exit". The child's handlers of the host (exit, crash reports) do not run, and what it prints goes
// nowhere; but its initialisers do run, once more than without a trial. Threads: any; pre: no lock held.
bool survives_in_child(const std::string& path, std::string& what_became);

} // namespace tenure::inline v1::os

#endif
