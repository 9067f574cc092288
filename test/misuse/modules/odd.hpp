// What the modules with one oddity and their host agree on. They are many: it includes little.
#ifndef TENURE_TEST_MISUSE_ODD_HPP
#define TENURE_TEST_MISUSE_ODD_HPP

#include <tenure/interface.hpp>

#define MISUSE_EXPORT extern "C" __attribute__((visibility("default")))

// What modules whose static objects misbehave ask of their host; its address stands in the environment.
struct host_calls {
  void* (*open)(const char* name) = nullptr; // null if it was refused
  void (*close)(void* opened) = nullptr;
  void (*take_mutex)() = nullptr;
};
inline constexpr const char* host_variable = "TENURE_MISUSE_HOST";

// Built against an older layout, a plug-in has one virtual function less.
class shape {
public:
  static constexpr tenure::interface_id tenure_interface() {
#if defined(MISUSE_OLD_LAYOUT)
    return {"misuse.shape", 1};
#else
    return {"misuse.shape", 2};
#endif
  }
  virtual ~shape() = default;
#if !defined(MISUSE_OLD_LAYOUT)
  virtual int corners() const { return 4; }
#endif
  virtual int sides() const = 0;
};

#endif
