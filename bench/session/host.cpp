#include "host.hpp"

#include <tenure/symbol.hpp>

namespace session {
namespace {

bool exports(const tenure::module& m, const std::string& name) {
  tenure::failure missing;
  const auto found = m.symbol<void()>(name, missing);
  return static_cast<bool>(found);
}

// A module that nobody knows how to call: it is loaded, held and released.
struct held final : work {
  std::uint64_t call() override { return 0; }
};

} // namespace

kind kind_of(const plugin& p, const tenure::module& m) {
  if (exports(m, "ladspa_descriptor")) return kind::ladspa;
  if (exports(m, "f0r_construct")) return kind::frei0r;
  if (exports(m, coder_symbol(p, "Register"))) return kind::coder;
  if (exports(m, "gconv_init") && !character_set_of(p).empty()) return kind::gconv;
  return kind::plain;
}

std::unique_ptr<work> start(const plugin& p, const tenure::module& m) {
  switch (p.how) {
  case kind::ladspa:
    return start_ladspa(m);
  case kind::frei0r:
    return start_frei0r(m);
  case kind::coder:
    return start_coder(p, m);
  case kind::gconv:
    return start_gconv(p, m);
  case kind::plain:
    break;
  }
  return std::make_unique<held>();
}

} // namespace session
