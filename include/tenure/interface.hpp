// The stamp of a class through which a host uses a plug-in's objects: what both must have been compiled with.
#ifndef TENURE_INTERFACE_HPP
#define TENURE_INTERFACE_HPP

#include <cstdint>

namespace tenure::inline v1 {

// `version` is counted up by whoever changes the class: its virtual functions, their order, types that they
// take. Nothing but a number can tell that: a class with one virtual function less has the same size.
struct interface_id {
  const char* name; // "org.example.decoder"
  std::uint32_t version; // see above
};

// A class that says who it is, by a function; a static constexpr member would be a variable, which may keep a
// module loaded for ever (STB_GNU_UNIQUE).
//   struct decoder {
//     static constexpr tenure::interface_id tenure_interface() { return {"org.example.decoder", 3}; }
//     virtual int decode(const char* file) = 0;
//   };
// (`interface` alone is a macro of Windows' headers.)
template <class I>
concept stamped_interface = requires(void (*take)(interface_id)) {
  take(I::tenure_interface());
};

} // namespace tenure::inline v1

#endif
