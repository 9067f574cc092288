// What the scenarios' modules and their host agree on: objects that live as ECom's did.
#ifndef TENURE_TEST_SCENARIOS_INTERFACE_HPP
#define TENURE_TEST_SCENARIOS_INTERFACE_HPP

#include "modules/interface.hpp"

#include <cstdint>

// What a module calls in its host: told to each object when it is made.
struct host_calls {
  void (*destroyed)(void* host, std::uint64_t key); // DestroyedImplementation
  void (*event)(void* host, const char* what);
  void* host;
};

// Knows its own key and reports its own end, in the destructor of its base class, as CActive-derived plug-ins
// do.
struct plug_in {
  host_calls host{};
  std::uint64_t key = 0;
  plug_in* owned = nullptr; // destroyed with it, after its own report: by a member of the base class
  virtual ~plug_in() = default;
  virtual int value() = 0;
  virtual void end_yourself() = 0; // deletes itself in its own method
};

struct spelling { // a secondary interface
  virtual int words() = 0;
  virtual ~spelling() = default;
};

#endif
