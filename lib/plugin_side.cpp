#include "plugin_side.hpp"

#include "bounded_text.hpp"
#include "failure_access.hpp"
#include "os/dead_frames.hpp"
#include "os/os.hpp"
#include "os/symbol_tables.hpp"

#include <tenure/detail/record.hpp> // set_failure

#include <cstring>
#include <exception>
#include <string_view>

namespace tenure::inline v1::detail {
namespace {

// The module's own symbols: the systems also look into what it depends on, and a plain module that is linked
// with a plug-in is none. Where its table says that there is none, the system need not search all of these.
class own_symbols {
public:
  own_symbols(void* handle, const os::mapped_image& image) noexcept
      : handle_(handle)
      , image_(image)
      , table_(os::own_table(handle, image)) {}

  template <class T> [[nodiscard]] T* find(std::string_view name) const {
    if (table_.surely_not(os::symbol_table::gnu_hash_of(name.data(), name.size()))) return nullptr;
    os::fault ignored; // that there is none is an answer here
    bool found = false;
    void* const address = os::symbol(handle_, name.data(), found, ignored);
    if (!found || address == nullptr) return nullptr;
    if (image_.known() && !image_.whole.contains(reinterpret_cast<std::uintptr_t>(address))) return nullptr;
    return reinterpret_cast<T*>(address);
  }

private:
  void* handle_;
  const os::mapped_image& image_;
  os::symbol_table table_;
};

bool agrees(const tenure_plugin_information& info, const std::string& path, failure& why) {
  if (std::memcmp(info.magic, TENURE_PLUGIN_MAGIC, sizeof info.magic) != 0) {
    set_failure(why, errc::api_version_mismatch, path.c_str(), "its tenure_plugin_info is of no known kind");
    return false;
  }
  if (info.api_version == TENURE_PLUGIN_API_VERSION && info.size >= sizeof info) return true;
  const std::string numbers = info.api_version != TENURE_PLUGIN_API_VERSION
                                  ? fmt::format("the module's version is {}, the host's {}", info.api_version,
                                                TENURE_PLUGIN_API_VERSION)
                                  : fmt::format("the module's tenure_plugin_info has {} bytes, the host's {}",
                                                info.size, sizeof info);
  set_failure(why, errc::api_version_mismatch, path.c_str(), numbers.c_str());
  return false;
}

// The message is the module's: it is copied before anything of the module goes.
void tell(hook_result& result, const char* words) noexcept {
  const std::size_t size = ::strnlen(words, hook_result::longest - 1);
  std::memmove(result.text, words, size);
  result.text[size] = '\0';
}

void violated(hook_result& result, errc violation, const char* function, const char* words) noexcept {
  result.yes = false;
  result.violation = violation;
  put_text(result.text, hook_result::longest, "{} {}", function, words);
}

// Calls module code at the C boundary, which nothing may be thrown across.
template <class Call> void at_boundary(hook_result& result, const char* function, Call&& call) noexcept {
  try {
    call();
  } catch (const std::exception& thrown) {
    char words[hook_result::longest];
    put_text(words, sizeof words, "let out an exception: {}", thrown.what());
    violated(result, errc::hook_threw, function, words);
  } catch (...) { // a foreign one; a cancellation waits (fork_gate)
    violated(result, errc::hook_threw, function, "let out an exception that is not a std::exception");
  }
  os::wipe_dead_frames<16 * 1024>(); // deeper than the check's own frames reach
}

void judge(hook_result& result, const char* function, int answer) noexcept {
  result.yes = answer == TENURE_YES;
  if (result.yes || answer == TENURE_NO) return;
  char words[hook_result::longest];
  put_text(words, sizeof words, "answered {}, which is neither TENURE_YES nor TENURE_NO", answer);
  violated(result, errc::not_an_answer, function, words);
}

// Any success but S_FALSE and any failure is taken for "do not", as COM takes it.
void ask_com(hook_result& result, os::com_vote_function* vote) {
  result.yes = os::ask_com_vote(vote) == 0;
  if (!result.yes) tell(result, "its DllCanUnloadNow says no");
}

} // namespace

bool find_plugin_side(void* handle, const os::mapped_image& image, const std::string& path, plugin_side& out,
                      failure& why) {
  out = {};
  const own_symbols own(handle, image);
  const auto* const info = own.find<const tenure_plugin_information>("tenure_plugin_info");
  if (info == nullptr) {
    out.com_vote = os::find_com_vote(handle);
    return true;
  }
  if (!agrees(*info, path, why)) return false;
  out.loaded = own.find<tenure_loaded_function>("tenure_loaded");
  out.can_unload = own.find<tenure_can_unload_function>("tenure_can_unload");
  out.unloading = own.find<tenure_unloading_function>("tenure_unloading");
  out.single_threaded = (info->flags & TENURE_PLUGIN_SINGLE_THREADED) != 0;
  if (out.can_unload == nullptr) out.com_vote = os::find_com_vote(handle);
  return true;
}

hook_result call_loaded(const plugin_side& side, const tenure_host& host) noexcept {
  hook_result result;
  char message[hook_result::longest] = {};
  at_boundary(result, "tenure_loaded", [&] {
    const int answer = side.loaded(&host, message, sizeof message);
    tell(result, message);
    judge(result, "tenure_loaded", answer);
  });
  return result;
}

hook_result ask_vote(const plugin_side& side) noexcept {
  hook_result result;
  if (side.can_unload != nullptr)
    at_boundary(result, "tenure_can_unload", [&] { judge(result, "tenure_can_unload", side.can_unload()); });
  else
    at_boundary(result, "DllCanUnloadNow", [&] { ask_com(result, side.com_vote); });
  return result;
}

hook_result call_unloading(const plugin_side& side, const tenure_host& host) noexcept {
  hook_result result;
  result.yes = true;
  at_boundary(result, "tenure_unloading", [&] { side.unloading(&host); });
  return result;
}

} // namespace tenure::inline v1::detail
