// The host's side of talking modules: a function per hook.
#ifndef TENURE_TEST_PLUGIN_TALKERS_HPP
#define TENURE_TEST_PLUGIN_TALKERS_HPP

#include "plugin/modules/talk.hpp"
#include "support/hook.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

namespace tenure_test {

// A built plug-in, as a copy in a folder of its own.
inline std::string plugin_copy(const scratch& folder, const std::string& name) {
  const char* const built = std::getenv("TENURE_TEST_PLUGINS");
  const std::string file = built_file(built != nullptr ? built : ".", name);
  if (file.empty()) throw std::runtime_error("no plug-in " + name);
  return folder.take(file);
}

// Two talking modules, what each does in its hooks, and the story of their calls: "la" for a's tenure_loaded,
// "c" for a vote, "u" for tenure_unloading.
struct talkers {
  using vote = std::function<talk_act()>;
  scratch folder;
  std::string a = plugin_copy(folder, "talker_a");
  std::string b = plugin_copy(folder, "talker_b");
  std::string story;
  const tenure_host* host_of_a = nullptr; // what a was given, unless when_a_loads is another
  std::function<talk_act(const tenure_host&)> when_a_loads = [this](const tenure_host& h) {
    host_of_a = &h;
    return talk_act::yes;
  };
  vote when_a_is_asked = [] { return talk_act::yes; };
  vote when_a_unloads = [] { return talk_act::yes; };
  std::string words; // what a writes when it is loaded

  talkers() { set_environment(talk_variable, std::to_string(reinterpret_cast<std::uintptr_t>(&line_))); }
  talkers(const talkers&) = delete;
  talkers& operator=(const talkers&) = delete;
  ~talkers() { set_environment(talk_variable, "0"); }

  [[nodiscard]] int asked() const {
    int n = 0;
    for (std::size_t at = story.find("ca"); at != std::string::npos; at = story.find("ca", at + 1)) ++n;
    return n;
  }

private:
  static talk_act ask(void* self, const char* module, talk_hook hook, const tenure_host* host, char* message,
                      std::size_t size) {
    return static_cast<talkers*>(self)->answer(module, hook, host, message, size);
  }
  talk_act answer(const std::string& module, talk_hook hook, const tenure_host* host, char* message,
                  std::size_t size) {
    story += std::string(1, "lcu"[static_cast<std::size_t>(hook)]) + module.back();
    if (module != "talker_a") return talk_act::yes;
    if (hook == talk_hook::can_unload) return when_a_is_asked();
    if (hook == talk_hook::unloading) return when_a_unloads();
    std::strncpy(message, words.c_str(), size - 1);
    return when_a_loads(*host);
  }
  talk_line line_{ask, this};
};

template <class P> struct talk : talkers {
  tenure::manager<P> modules;
  ~talk() { static_cast<void>(modules.force_close()); } // nothing that said no is asked in the next case
};

} // namespace tenure_test

#endif
