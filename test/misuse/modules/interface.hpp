// What the modules of the misuse corpus and their host agree on.
#ifndef TENURE_TEST_MISUSE_INTERFACE_HPP
#define TENURE_TEST_MISUSE_INTERFACE_HPP

#include "odd.hpp"

#include <any>
#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <pthread.h>
#include <semaphore.h>
#include <stdexcept>
#include <string>
#include <system_error>

using callback = void (*)(void* context);

// A plug-in's object. Its destructor tells the host twice: from the derived class, and from this base.
class widget {
public:
  virtual ~widget() {
    if (after_derived != nullptr) after_derived(context);
    ended = ended + 1; // code of the module that runs after the host was told
  }
  virtual int value() const = 0;
  virtual int call(callback function, void* argument) = 0;

  callback in_destructor = nullptr;
  callback after_derived = nullptr;
  void* context = nullptr;

protected:
  volatile int ended = 0;
};

// What a module wants to be told by its host.
class listener {
public:
  virtual int told() const = 0;

protected:
  ~listener() = default;
};

// The meeting place of a host and a module's thread. A semaphore of the C library: what std::atomic waits on
// is a table of which a module with hidden symbols has its own copy.
struct gate {
  sem_t inside;             // the module's thread has come to where it waits
  std::atomic<int> open{0}; // it may go on
  int wait_on = -1;         // a descriptor to read from, for a thread that blocks in the kernel
  pthread_mutex_t* mutex = nullptr;

  gate() { ::sem_init(&inside, 0, 0); }
  void enter() { ::sem_post(&inside); }
  void await_inside() {
    while (::sem_wait(&inside) != 0) {
    } // a signal ends a wait
  }
};

#endif
