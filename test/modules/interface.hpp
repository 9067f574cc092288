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

#endif
