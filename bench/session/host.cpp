#include "host.hpp"

#include <stdexcept>

namespace session {
namespace {

// A module that nobody knows how to call: it is loaded, held and released.
struct held final : work {
  std::uint64_t call() override { return 0; }
};

} // namespace

void* exports::found(void* address, const char* name) {
  if (address == nullptr) throw std::runtime_error(std::string("there is no ") + name);
  return address;
}

kind kind_of(const plugin& p, exports& from) {
  if (from.find("ladspa_descriptor") != nullptr) return kind::ladspa;
  if (from.find("f0r_construct") != nullptr) return kind::frei0r;
  if (from.find(coder_symbol(p, "Register").c_str()) != nullptr) return kind::coder;
  if (from.find("gconv_init") != nullptr && !character_set_of(p).empty()) return kind::gconv;
  return kind::plain;
}

std::unique_ptr<work> start(const plugin& p, exports& from) {
  switch (p.how) {
  case kind::ladspa:
    return start_ladspa(from);
  case kind::frei0r:
    return start_frei0r(p, from);
  case kind::coder:
    return start_coder(p, from);
  case kind::gconv:
    return start_gconv(p, from);
  case kind::plain:
    break;
  }
  return std::make_unique<held>();
}

} // namespace session
