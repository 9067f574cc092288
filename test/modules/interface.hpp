// What test modules and their hosts agree on.
#ifndef TENURE_TEST_INTERFACE_HPP
#define TENURE_TEST_INTERFACE_HPP

#if defined(_WIN32)
#  define TEST_EXPORT extern "C" __declspec(dllexport)
#else
#  define TEST_EXPORT extern "C" __attribute__((visibility("default")))
#endif

class widget {
public:
  virtual ~widget() = default;
  virtual int value() const = 0;
};

// What a hooked module tells, and to whom.
enum class module_event { initialised, finalised };
struct module_hook {
  void (*call)(void* context, const char* module, module_event what);
  void* context;
};
inline constexpr const char* hook_variable = "TENURE_TEST_HOOK"; // holds the hook's address as a decimal number

#endif
