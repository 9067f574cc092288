// What the corpus's module offers, and what its host gives it.
#ifndef TENURE_TEST_DEPARTURE_MODULE_HPP
#define TENURE_TEST_DEPARTURE_MODULE_HPP

#include <cstddef>

#if defined(_WIN32)
#  define DEPARTURE_EXPORT extern "C" __declspec(dllexport)
#else
#  define DEPARTURE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace departure {

// The host's function and its argument; the host looks at its stack in there.
using callback = void (*)(void*);

class listener {
public:
  virtual void called() = 0;

protected:
  ~listener() = default;
};

// Places to call from, at each displacement that an x86 call can encode.
struct call_table {
  callback first;
  callback near_by[8];
  callback filler[64];
  callback far_off[8];
};

using call_function = void(callback, void*);
using recurse_function = void(unsigned depth, callback, void*);
using listen_function = void(listener&);
using table_function = void(const call_table&, std::size_t, void*);
using wait_function = void(const volatile int& stop);
using throw_function = void();
using type_function = const void*(); // the address of a type_info

} // namespace departure

#endif
