// Threads that are in the module's code when it is closed.
#include "interface.hpp"

#include <thread>
#include <unistd.h>

namespace {

volatile int steps; // written after each wait: the module's own code goes on

void spin(gate& g) {
  g.enter();
  do steps = steps + 1; // at least once, also by a thread that gets no turn until the gate is open
  while (g.open.load(std::memory_order_relaxed) == 0);
}

void block(gate& g) {
  char byte;
  g.enter();
  steps = steps + static_cast<int>(::read(g.wait_on, &byte, 1));
}

void lock(gate& g) {
  g.enter();
  ::pthread_mutex_lock(g.mutex);
  ::pthread_mutex_unlock(g.mutex);
  steps = steps + 1;
}

template <void (*Body)(gate&)> pthread_t start(gate* g) {
  pthread_t thread;
  const auto body = [](void* argument) -> void* {
    Body(*static_cast<gate*>(argument));
    steps = steps + 1;
    return argument;
  };
  ::pthread_create(&thread, nullptr, body, g);
  return thread;
}

} // namespace

MISUSE_EXPORT pthread_t start_spinning(gate* g) { return start<spin>(g); }
MISUSE_EXPORT pthread_t start_blocking(gate* g) { return start<block>(g); }
MISUSE_EXPORT pthread_t start_locking(gate* g) { return start<lock>(g); }

// The same on a thread of the host's.
MISUSE_EXPORT int spin_here(gate* g) {
  spin(*g);
  return steps != 0 ? 42 : 0;
}
MISUSE_EXPORT int block_here(gate* g) {
  block(*g);
  return steps != 0 ? 42 : 0;
}

// COM's Release: the object is gone, the module would agree to be unloaded, and the epilogue still runs.
MISUSE_EXPORT int release_object(widget* object, gate* g) {
  delete object;
  block(*g);
  return steps != 0 ? 42 : 0;
}
