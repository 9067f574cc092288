// What a catalog's plug-ins offer.
#ifndef TENURE_TEST_SCENARIOS_CODEC_HPP
#define TENURE_TEST_SCENARIOS_CODEC_HPP

#include <tenure/interface.hpp>

template <std::uint32_t Version> struct codec_of {
  static constexpr tenure::interface_id tenure_interface() { return {"org.example.codec", Version}; }
  virtual ~codec_of() = default;
  virtual int version() = 0;
  virtual const char* module_name() = 0;
};
using codec = codec_of<1>;

#endif
