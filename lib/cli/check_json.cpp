// The report for programs. Version 1: fields are added, never taken away or given another meaning.
#include "check.hpp"

#include "demangle.hpp"
#include "json.hpp"

#include <nlohmann/json.hpp>

namespace tenure::cli {
namespace {

using json = nlohmann::ordered_json;

json as_json(const obstacle& it, bool accepted) {
  json result{
      {"kind", name_of(it.kind)}, {"evidence", it.evidence}, {"cure", it.cure}, {"accepted", accepted}};
  demangler into_words;
  for (const auto& each : it.symbols)
    result["symbols"].push_back({{"name", each}, {"demangled", into_words(each)}});
  if (!it.chain.empty()) result["chain"] = it.chain;
  return result;
}

json as_json(const trial_result& it) {
  json result{{"outcome", name_of(it.outcome)},
              {"detail", it.detail},
              {"reason", it.reason},
              {"step", it.step},
              {"cycles", it.cycles},
              {"load_us", it.load_us},
              {"close_us", it.close_us},
              {"loaded_bytes", it.loaded_bytes},
              {"output", it.output}};
  const auto& g = it.growth;
  if (it.measured)
    result["growth"] = {{"resident_bytes", g.resident_bytes}, {"threads", g.threads},
                        {"descriptors", g.descriptors},       {"images", g.images},
                        {"tls_bytes", g.tls_bytes},           {"tls_keys", g.tls_keys}};
  return result;
}

json thread_locals_of(const file_report& it) { return {{"bytes", it.tls_size}, {"model", name_of(it.tls)}}; }

json as_json(const plugin_info& it) {
  return {{"name", it.name},
          {"version", it.version},
          {"author", it.author},
          {"description", it.description},
          {"api_version", it.api_version},
          {"flags", it.flags},
          {"offers", it.offers}};
}

void add_lists(const file_report& it, json& into) {
  into["obstacles"] = json::array();
  for (std::size_t i = 0; i != it.obstacles.size(); ++i)
    into["obstacles"].push_back(as_json(it.obstacles[i], it.accepted[i]));
  into["warnings"] = it.warnings, into["needed"] = it.needed, into["unmet"] = it.unmet;
  into["leaves_behind"] = it.leaves_behind, into["lacking"] = it.lacking;
  for (const auto& each : it.symbols) into["symbols"].push_back(as_json(each));
  if (it.plugin) into["plugin"] = as_json(*it.plugin);
  if (it.trial) into["trial"] = as_json(*it.trial);
}

json as_json(const file_report& it) {
  json result{{"path", it.path}, {"verdict", name_of(it.fate)}};
  if (!it.error.empty()) {
    result["error"] = it.error;
    if (it.fault) result["offset"] = it.fault.offset;
    if (it.target.empty()) return result;
  }
  result["target"] = it.target, result["native"] = it.native, result["name"] = it.name,
  result["build_id"] = it.build_id;
  result["exports"] = it.export_count, result["thread_locals"] = thread_locals_of(it);
  result["initialisers"] = it.runs.init_count + it.runs.init,
  result["finalisers"] = it.runs.fini_count + it.runs.fini;
  add_lists(it, result);
  return result;
}

} // namespace

nlohmann::ordered_json as_json(const listed_symbol& it) {
  json result{{"name", it.name}, {"kind", it.kind}, {"size", it.size}};
  if (!it.demangled.empty()) result["demangled"] = it.demangled;
  if (!it.version.empty()) result["version"] = it.version;
  if (it.weak) result["weak"] = true;
  if (it.unique) result["unique"] = true;
  return result;
}

std::string printed(const nlohmann::ordered_json& it) {
  return it.dump(2, ' ', true, json::error_handler_t::replace) +
         '\n'; // a file's names need not be UTF-8, nor printable
}

std::string to_json(const std::vector<file_report>& all, const std::vector<std::string>& problems) {
  json result{{"version", 1},
              {"status", problems.empty() ? status_of(all) : status_unreadable},
              {"problems", problems}};
  result["files"] = json::array();
  for (const auto& each : all) result["files"].push_back(as_json(each));
  return printed(result);
}

} // namespace tenure::cli
