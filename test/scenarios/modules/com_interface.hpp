// What the servers of the COM scenarios and their clients agree on.
#ifndef TENURE_TEST_COM_INTERFACE_HPP
#define TENURE_TEST_COM_INTERFACE_HPP

#include <tenure/interface.hpp>

#include <atomic>

struct counter {
  static constexpr tenure::interface_id tenure_interface() { return {"org.tenure.test.counter", 2}; }
  virtual int next() = 0;

protected:
  ~counter() = default; // destroyed by the server's own function
};

// What the client of an older version was compiled with.
struct old_counter {
  static constexpr tenure::interface_id tenure_interface() { return {"org.tenure.test.counter", 1}; }
  virtual int next() = 0;

protected:
  ~old_counter() = default;
};

// A class object, as DllGetClassObject gives one out: static in the server, and not counted there.
struct counter_class {
  int (*answer)();
};

// Where an object's end and the client meet: its destructor has dropped the module's own count, and is still
// running.
struct tail {
  std::atomic<bool> counted_down{false};
  std::atomic<bool> swept{false};
};

// Where a thread of the server and the client meet.
struct gate {
  std::atomic<bool> inside{false};
  std::atomic<bool> go_on{false};
};

struct on_end { // called by an object's destructor
  void (*call)(void*) = nullptr;
  void* context = nullptr;
};

#endif
