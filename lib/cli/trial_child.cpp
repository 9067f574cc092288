// The child's part of a trial: what it does and what it tells, a JSON object a line.
#include "trial.hpp"

#include "os/child.hpp"
#include "os/program.hpp"

#include <tenure/tenure.hpp>

#include <nlohmann/json.hpp>

#include <charconv>

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

class trial {
public:
  trial(result_channel& parent, const std::string& path)
      : parent_(parent)
      , path_(path)
      , modules_(manager_options{.check = file_check::tables, .stale_pointers = quarantine::explain}) {}

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
      tell({{"step", "refused"},
            {"detail", why.what()},
            {"reason", std::to_string(static_cast<int>(why.code()))}});
      return false;
    }
    tell({{"step", "loaded"}, {"us", took}, {"usage", measured ? usage_as_json() : json()}});
    return true;
  }

  bool unload(bool measured) {
    module_.reset();
    const auto start = std::chrono::steady_clock::now();
    const auto report = modules_.final_close();
    json line{{"step", "unloaded"}, {"us", since(start)}, {"outcome", "gone"}};
    bool again = true;
    for (const auto& each : report) {
      if (each.outcome == unload_outcome::gone) continue;
      line["outcome"] = to_string(each.outcome), line["reason"] = to_string(each.reason),
      line["detail"] = each.detail;
      again = each.outcome == unload_outcome::lingering;
    }
    if (measured) line["usage"] = usage_as_json();
    tell(line);
    return again;
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
  for (unsigned i = 0; i < cycles; ++i)
    if (!one.cycle(i == 0 || i + 1 == cycles)) break;
  one.tell({{"step", "at the end"}});
  return 0;
}

} // namespace tenure::cli
