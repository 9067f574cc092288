// What a module exports for its host (tenure/plugin.h), and the calls of it: the only place where module code
// that is no initialiser or finaliser is called by the library.
#ifndef TENURE_LIB_PLUGIN_SIDE_HPP
#define TENURE_LIB_PLUGIN_SIDE_HPP

#include "os/com_vote.hpp"
#include "os/mapped_image.hpp"

#include <tenure/failure.hpp>
#include <tenure/plugin.h>
#include <tenure/policy.hpp>

#include <string>

namespace tenure::inline v1::detail {

// Addresses inside the module. Empty for a plain one.
struct plugin_side {
  tenure_loaded_function* loaded = nullptr;
  tenure_can_unload_function* can_unload = nullptr;
  tenure_unloading_function* unloading = nullptr;
  os::com_vote_function* com_vote = nullptr;
  bool single_threaded = false;

  [[nodiscard]] bool talks() const noexcept { return loaded != nullptr || unloading != nullptr; }
  [[nodiscard]] bool votes() const noexcept { return can_unload != nullptr || com_vote != nullptr; }
};

// What came of a call into the module. Allocates nothing: closing must not fail.
struct hook_result {
  static constexpr std::size_t longest = 256; // bytes
  bool yes = false;
  errc violation = errc::ok; // hook_threw, not_an_answer
  char text[longest] = {};   // the module's words, or what it did wrong
};

// Looks for the exports; calls nothing. False if the module must not be used: then `why` says so.
// Errors: api_version_mismatch, with both numbers. Throws std::bad_alloc.
bool find_plugin_side(void* handle, const os::mapped_image& image, const std::string& path, plugin_side& out,
                      failure& why);

// Pre for all: the function is there, the module is held, no lock of ours is.
[[nodiscard]] hook_result call_loaded(const plugin_side& side, const tenure_host& host) noexcept;
[[nodiscard]] hook_result ask_vote(const plugin_side& side) noexcept;
[[nodiscard]] hook_result call_unloading(const plugin_side& side, const tenure_host& host) noexcept;

} // namespace tenure::inline v1::detail

#endif
