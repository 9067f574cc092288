#include "json.hpp"

#include "../support/machine_json.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace session {
namespace {

using nlohmann::json;

const char* text_of(presence p) noexcept {
  constexpr const char* texts[] = {"gone", "active", "idle", "lingering"};
  return texts[static_cast<unsigned>(p)];
}

const char* text_of(verdict v) noexcept {
  constexpr const char* texts[] = {"usable", "not loadable", "left out"};
  return texts[static_cast<unsigned>(v)];
}

} // namespace

// nlohmann-json finds these by their argument's namespace. A change is [tick, state].
void to_json(json& j, const change& c) { j = json::array({c.tick, static_cast<int>(c.to)}); }
void from_json(const json& j, change& c) {
  c.tick = j.at(0).get<std::uint32_t>();
  c.to = static_cast<presence>(j.at(1).get<int>());
}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(lingering, path, name, reason, detail)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(figures, policy, rule, completed, trouble, loads, failures, revives,
                                   closes, lingers, deferrals, loading_ms, closing_ms, loader_least_ms,
                                   loader_most_ms, open_p50_us, open_p99_us, open_max_us, resident_seconds,
                                   active_seconds, peak, peak_mib, wall_seconds, final_close_ms, digest,
                                   opens, calls, releases, works_made, works_ended, wrong_results,
                                   active_at_end, errors, left_over, still_mapped, not_mapped, looks,
                                   unlike_list, lingered, resident_by_tick, changes)

std::string pack(const figures& f) { return json(f).dump(-1, ' ', false, json::error_handler_t::replace); }
figures unpack(const std::string& packed) { return json::parse(packed).get<figures>(); }

namespace {

json session_of(const outcome& o) {
  return {{"seed", o.wish.seed},
          {"session_seconds", o.wish.seconds},
          {"ticks_per_second", ticks_per_second},
          {"sweep_interval_ticks", sweep_interval},
          {"threads", o.wish.threads},
          {"plugins", o.used.size()},
          {"opens", o.played.count(action::open)},
          {"calls", o.played.count(action::call)},
          {"releases", o.played.count(action::release)},
          {"digest", o.played.digest},
          {"real_seconds", o.real_seconds}};
}

json corpus_of(const corpus& c) {
  json files = json::array();
  for (const trial& t : c.trials) {
    json one{{"path", t.file.path}, {"kind", name_of(t.file.how)}, {"verdict", text_of(t.what)}};
    if (t.what == verdict::usable)
      one["use_ms"] = t.use_seconds * 1e3;
    else
      one["why"] = t.why;
    files.push_back(one);
  }
  return {{"folders", c.folders}, {"remark", c.remark}, {"files", files}};
}

// In the file a change names its state.
json lanes_of(const outcome& o, const figures& f) {
  json lanes = json::object();
  for (const std::uint32_t plugin : f.changes.empty() ? std::vector<std::uint32_t>() : o.lanes) {
    json changes = json::array();
    for (const change& c : f.changes[plugin]) changes.push_back({c.tick, text_of(c.to)});
    lanes[o.used[plugin].path] = changes;
  }
  return lanes;
}

json policies_of(const outcome& o) {
  json all = json::array();
  for (const figures& f : o.policies) {
    json one = f;
    one.erase("changes");
    one["lanes"] = lanes_of(o, f);
    all.push_back(one);
  }
  return all;
}

} // namespace

void write_json(const outcome& o, const std::string& file) {
  const json all{{"machine", o.where},
                 {"session", session_of(o)},
                 {"policies", policies_of(o)},
                 {"corpus", corpus_of(o.plugins)}};
  std::ofstream out(file);
  out << all.dump(1, ' ', false, json::error_handler_t::replace) << '\n';
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), file);
}

} // namespace session
