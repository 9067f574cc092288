#include "json.hpp"

#include "../support/machine_json.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace bench {

using nlohmann::json;

NLOHMANN_JSON_SERIALIZE_ENUM(
    role, {{role::ours, "ours"}, {role::peer, "peer"}, {role::raw, "raw"}, {role::floor, "floor"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(measurement, question, who, as, unit, values)

std::string pack(const measurements& all) { return json(all).dump(); }
measurements unpack(const std::string& packed) { return json::parse(packed).get<measurements>(); }

namespace {

json side(const measurement* m) {
  if (m == nullptr) return nullptr;
  return {{"who", m->who}, {"figure", m->median()}};
}

json row_of(const row& r) {
  json j{{"id", r.id}, {"what", r.what}, {"question", r.question}, {"target", r.target}};
  if (!r.missing.empty()) {
    j["missing"] = r.missing;
    return j;
  }
  j["unit"] = r.ours->unit;
  j["ours"] = side(r.ours);
  j["best_peer"] = side(r.peer);
  j["floor"] = side(r.floor);
  j["raw"] = side(r.raw);
  j["ratio"] = r.ratio ? json(*r.ratio) : json();
  j["spread"] = r.spread;
  j["met"] = r.met;
  return j;
}

json measured(const measurement& m) {
  json j = m;
  j["median"] = m.median();
  j["spread"] = m.spread();
  return j;
}

} // namespace

void write_json(const outcome& o, const std::string& file) {
  json rows = json::array(), all = json::array();
  for (const row& r : o.rows) rows.push_back(row_of(r));
  for (const measurement& m : o.all) all.push_back(measured(m));
  std::ofstream out(file);
  out << json{{"machine", o.where},   {"quick", o.quick},   {"repetitions", o.repetitions},
              {"seconds", o.seconds}, {"peers", o.peers},   {"remarks", o.remarks},
              {"rows", rows},         {"measurements", all}}
             .dump(1)
      << '\n';
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), file);
}

} // namespace bench
