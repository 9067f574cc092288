// A plug-in that does in its hooks what its host tells it to.
#include "talk.hpp"

#include <cstdlib>
#include <stdexcept>

#if !defined(TALKER_FLAGS)
#  define TALKER_FLAGS 0
#endif

TENURE_PLUGIN(TALKER_NAME, "1.2.3", "nobody", "Does what it is told", TALKER_FLAGS);

namespace {

struct own_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Found at the first call: the variable is there as long as the host's case runs.
talk_act ask(talk_hook hook, const tenure_host* host, char* message, std::size_t size) {
  const char* const address = std::getenv(talk_variable);
  const auto* const line =
      address != nullptr ? reinterpret_cast<talk_line*>(std::strtoull(address, nullptr, 10)) : nullptr;
  return line != nullptr ? line->ask(line->context, TALKER_NAME, hook, host, message, size) : talk_act::yes;
}

tenure_answer act(talk_act what) {
  switch (what) {
  case talk_act::yes:
    return TENURE_YES;
  case talk_act::no:
    return TENURE_NO;
  case talk_act::one:
    return static_cast<tenure_answer>(1);
  case talk_act::zero:
    return static_cast<tenure_answer>(0);
  case talk_act::throw_own:
    throw own_error("the talker is cross");
  default:
    throw 7;
  }
}

} // namespace

TENURE_PLUGIN_EXPORT tenure_answer tenure_loaded(const tenure_host* host, char* message, size_t size) {
  return act(ask(talk_hook::loaded, host, message, size));
}
TENURE_PLUGIN_EXPORT tenure_answer tenure_can_unload() {
  return act(ask(talk_hook::can_unload, nullptr, nullptr, 0));
}
TENURE_PLUGIN_EXPORT void tenure_unloading(const tenure_host* host) {
  act(ask(talk_hook::unloading, host, nullptr, 0));
}
TENURE_PLUGIN_EXPORT int answer() { return 42; }
