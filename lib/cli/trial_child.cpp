// The child's part of a trial: what it does and what it tells, a JSON object a line.
#include "trial.hpp"

#include "os/child.hpp"
#include "os/os.hpp"
#include "os/program.hpp"

#include <tenure/tenure.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <thread>

namespace tenure::cli {
namespace {

using json = nlohmann::ordered_json;

// Nothing of a module may be on another thread when it goes; what it left pointing to itself, the quarantine
// explains.
using trial_manager = manager<policy::final_close, departure_check::threads>;

json usage_as_json() {
  const auto now = measure_usage();
  if (!now) return nullptr;
  return {{"resident_bytes", now->resident_bytes}, {"threads", now->threads},
          {"descriptors", now->descriptors},       {"images", now->images},
          {"tls_bytes", now->tls_bytes},           {"tls_keys", now->tls_keys}};
}

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

// Of what an open may fail with; others have a number.
std::string name_of(errc why) {
  struct named {
    errc code;
    const char* name;
  };
  static constexpr named names[] = {{errc::path_too_long, "path_too_long"},
                                    {errc::path_not_utf8, "path_not_utf8"},
                                    {errc::file_not_found, "file_not_found"},
                                    {errc::permission_denied, "permission_denied"},
                                    {errc::not_a_regular_file, "not_a_regular_file"},
                                    {errc::file_empty, "file_empty"},
                                    {errc::file_truncated, "file_truncated"},
                                    {errc::file_damaged, "file_damaged"},
                                    {errc::not_a_shared_library, "not_a_shared_library"},
                                    {errc::foreign_machine, "foreign_machine"},
                                    {errc::file_unreadable, "file_unreadable"},
                                    {errc::dlopen, "dlopen"},
                                    {errc::dlopen_unknown, "dlopen_unknown"},
                                    {errc::missing_dependency, "missing_dependency"},
                                    {errc::undefined_symbol, "undefined_symbol"},
                                    {errc::static_tls_exhausted, "static_tls_exhausted"},
                                    {errc::initializer_threw, "initializer_threw"},
                                    {errc::unsupported, "unsupported"},
                                    {errc::loader_blocked, "loader_blocked"},
                                    {errc::loader_busy, "loader_busy"},
                                    {errc::refused_by_module, "refused_by_module"},
                                    {errc::api_version_mismatch, "api_version_mismatch"},
                                    {errc::hook_threw, "hook_threw"},
                                    {errc::out_of_memory, "out_of_memory"}};
  for (const auto& each : names)
    if (each.code == why) return each.name;
  return std::to_string(static_cast<int>(why));
}

// A thread that is about to end, or that is too busy to answer, is no obstacle: it is asked again for so
// long.
constexpr std::chrono::milliseconds patience{1000};

class trial {
public:
  trial(result_channel& parent, const std::string& path)
      : parent_(parent)
      , path_(path)
      , modules_(manager_options{.check = file_check::tables, .stale_pointers = quarantine::explain}) {}

  // What this program has loaded for itself cannot be tried: it would never leave.
  bool is_resident() {
    os::fault none;
    open_options only_look;
    only_look.no_load = true;
    void* const handle = os::open(path_, only_look, none);
    if (handle == nullptr) return false;
    os::close(handle, none);
    tell({{"step", "resident"},
          {"detail", "cannot be tried: this command itself is linked with it, or with what has its name"}});
    return true;
  }

  // False if there is no point in another cycle.
  bool cycle(bool measured) {
    tell({{"step", "loading"}, {"usage", measured ? usage_as_json() : json()}});
    if (!load(measured)) return false;
    tell({{"step", "unloading"}});
    return unload(measured);
  }

  void tell(const json& line) {
    parent_.write(line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n');
  }

private:
  bool load(bool measured) {
    failure why;
    const auto start = std::chrono::steady_clock::now();
    module_ = modules_.open(path_, why);
    const auto took = since(start);
    if (!module_) {
      tell({{"step", "refused"}, {"detail", why.what()}, {"reason", name_of(why.code())}});
      return false;
    }
    tell({{"step", "loaded"}, {"us", took}, {"usage", measured ? usage_as_json() : json()}});
    return true;
  }

  bool unload(bool measured) {
    module_.reset();
    const auto end = std::chrono::steady_clock::now() + patience;
    json line = close();
    for (auto wait = std::chrono::milliseconds(1); is_in_use(line) && std::chrono::steady_clock::now() < end;
         wait *= 2) {
      std::this_thread::sleep_for(wait);
      tell({{"step", "unloading"}});
      line = close();
    }
    if (measured) line["usage"] = usage_as_json();
    tell(line);
    return !is_in_use(line);
  }

  static bool is_in_use(const json& line) {
    return line["outcome"] != to_string(unload_outcome::gone) &&
           line["outcome"] != to_string(unload_outcome::lingering);
  }

  json close() {
    const auto start = std::chrono::steady_clock::now();
    const auto report = modules_.final_close();
    json line{{"step", "unloaded"}, {"us", since(start)}, {"outcome", "gone"}};
    for (const auto& each : report)
      if (each.outcome != unload_outcome::gone)
        line["outcome"] = to_string(each.outcome), line["reason"] = to_string(each.reason),
        line["detail"] = each.detail;
    return line;
  }

  result_channel& parent_;
  const std::string& path_;
  trial_manager modules_;
  module module_;
};

} // namespace

int run_trial(const std::vector<std::string>& arguments) {
  constexpr std::size_t expected = 3;
  if (arguments.size() != expected) return 2;
  unsigned cycles = 1;
  std::from_chars(arguments[1].data(), arguments[1].data() + arguments[1].size(), cycles);
  die_quietly();
  result_channel parent(arguments[2]);
  trial one(parent, arguments[0]);
  for (unsigned i = 0; i < cycles && (i != 0 || !one.is_resident()); ++i)
    if (!one.cycle(i == 0 || i + 1 == cycles)) break;
  one.tell({{"step", "at the end"}});
  return 0;
}

} // namespace tenure::cli
