// Where processes are not copied.
#include "os/fork.hpp"

namespace tenure::inline v1::os {

constinit fork_watcher* fork_watchers = nullptr;

void add_fork_watcher(fork_watcher&) noexcept {}
void remove_fork_watcher(fork_watcher&) noexcept {}
void enter_fork_gate() noexcept {}
void leave_fork_gate() noexcept {}
void open_fork_gate() noexcept {}
void close_fork_gate() noexcept {}

} // namespace tenure::inline v1::os
