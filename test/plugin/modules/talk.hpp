// What a talking module and its host agree on: the module does in each of its hooks what the host tells it
// to.
#ifndef TENURE_TEST_PLUGIN_TALK_HPP
#define TENURE_TEST_PLUGIN_TALK_HPP

#include <tenure/plugin.h>

#include <cstddef>

enum class talk_hook { loaded, can_unload, unloading };

// What the module then does.
enum class talk_act { yes, no, one, zero, throw_own, throw_number };

struct talk_line { // the host's
  talk_act (*ask)(void* context, const char* module, talk_hook hook, const tenure_host* host, char* message,
                  std::size_t size);
  void* context;
};
inline constexpr const char* talk_variable = "TENURE_TEST_TALK"; // holds its address as a decimal number

#endif
