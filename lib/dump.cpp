// A manager in words: for people, and as JSON.
#include "json_text.hpp"
#include "printable_text.hpp"

#include <tenure/module_list.hpp>

#include <fmt/core.h>

#include <iterator>
#include <new>
#include <string>
#include <string_view>

namespace tenure::inline v1::detail {
namespace {

// --- for people ---

std::string age_of(const module_info& m, time_point now) {
  if (m.idle_since == never) return "";
  return fmt::format(" for {:.3f} s", static_cast<double>((now - m.idle_since).nanoseconds) / 1e9);
}

std::string holds_of(const module_info& m) {
  std::string words;
  if (m.references != 0) words += fmt::format(", {} reference{}", m.references, m.references == 1 ? "" : "s");
  if (m.pins != 0) words += fmt::format(", {} pin{}", m.pins, m.pins == 1 ? "" : "s");
  return words;
}

// A line for the module, and one for each thing more that is to be said.
std::string lines_of(const module_info& m, time_point now) {
  std::string out =
      fmt::format("{}: {}{}{}", printable(m.path), to_string(m.state), age_of(m, now), holds_of(m));
  if (m.is_static) return out + ", part of the program\n";
  out += fmt::format(", loaded in {:.3f} ms, {} KiB at {}",
                     static_cast<double>(m.load_time.nanoseconds) / 1e6, m.bytes / 1024, m.address);
  if (m.file_replaced) out += ", its file was replaced";
  out += '\n';
  if (m.reason != linger_reason::none) out += fmt::format("    {}\n", to_string(m.reason));
  if (*m.detail != '\0') out += fmt::format("    {}: {}\n", to_string(m.outcome), printable(m.detail));
  if (*m.holders != '\0' && std::string_view(m.holders) != m.detail)
    out += fmt::format("    held: {}\n", printable(m.holders));
  for (const holder& h : m.held_by) out += fmt::format("    {}\n", printable(h.text));
  return out;
}

std::string lines_of(const manager_stats& s) {
  return fmt::format("{} opens, {} failed, {} loads in {:.3f} ms, {} revives, {} closes in {:.3f} ms, {} "
                     "deferrals, {} vetoes\n"
                     "{} resident: {} active, {} idle ({} of them wait to be closed), {} lingering\n",
                     s.opens, s.failures, s.loads, static_cast<double>(s.loading.nanoseconds) / 1e6,
                     s.revives, s.closes, static_cast<double>(s.closing.nanoseconds) / 1e6, s.deferrals,
                     s.vetoes, s.resident, s.active, s.idle, s.waiting, s.lingering);
}

std::string lines_of(const module_list& list) {
  std::string out = lines_of(list.stats());
  for (const module_info& m : list) out += lines_of(m, list.at());
  return out;
}

// --- JSON ---

class json_object {
public:
  template <class N> json_object& number(const char* key, N value) {
    return raw(key, fmt::format("{}", value));
  }
  json_object& truth(const char* key, bool value) { return raw(key, value ? "true" : "false"); }
  json_object& words(const char* key, const char* value) { return raw(key, json_text(value)); }
  json_object& raw(const char* key, std::string_view value) {
    out_ += fmt::format("{}\"{}\":{}", out_.empty() ? "" : ",", key, value);
    return *this;
  }
  [[nodiscard]] std::string finish() const { return '{' + out_ + '}'; }

private:
  std::string out_;
};

std::string json_of(const holder& h) {
  json_object o;
  o.words("kind", to_string(h.kind)).words("text", h.text).words("name", h.name).number("count", h.count);
  o.number("thread", h.thread).number("age_ns", h.age.nanoseconds);
  o.words("file", h.taken.file).number("line", h.taken.line).words("function", h.taken.function);
  return o.finish();
}

std::string json_of(const holder_range& all) {
  std::string list;
  for (const holder& h : all) list += (list.empty() ? "" : ",") + json_of(h);
  return '[' + list + ']';
}

std::string json_of(const module_info& m) {
  json_object o;
  o.words("path", m.path).words("name", m.name).words("state", to_string(m.state));
  o.words("outcome", to_string(m.outcome)).words("reason", to_string(m.reason)).words("detail", m.detail);
  o.words("holders", m.holders).raw("held_by", json_of(m.held_by));
  o.truth("static", m.is_static).truth("file_replaced", m.file_replaced);
  o.number("references", m.references).number("pins", m.pins).number("life", m.life);
  o.number("load_ns", m.load_time.nanoseconds).number("bytes", m.bytes);
  o.number("address", reinterpret_cast<std::uintptr_t>(m.address));
  if (m.idle_since == never) return o.raw("idle_since_ns", "null").finish();
  return o.number("idle_since_ns", m.idle_since.nanoseconds).finish();
}

std::string json_of(const manager_stats& s) {
  json_object o;
  o.number("opens", s.opens)
      .number("loads", s.loads)
      .number("failures", s.failures)
      .number("revives", s.revives);
  o.number("closes", s.closes)
      .number("lingers", s.lingers)
      .number("deferrals", s.deferrals)
      .number("vetoes", s.vetoes);
  o.number("resident", s.resident)
      .number("active", s.active)
      .number("idle", s.idle)
      .number("waiting", s.waiting);
  o.number("lingering", s.lingering).number("loading_ns", s.loading.nanoseconds);
  o.number("closing_ns", s.closing.nanoseconds)
      .number("events", s.events)
      .number("events_lost", s.events_lost);
  return o.finish();
}

std::string json_of(const module_list& list) {
  std::string modules;
  for (const module_info& m : list) modules += (modules.empty() ? "\n" : ",\n") + json_of(m);
  json_object o;
  o.number("at_ns", list.at().nanoseconds)
      .raw("stats", json_of(list.stats()))
      .raw("modules", '[' + modules + ']');
  return o.finish() + '\n';
}

} // namespace

text dump_of(registry& g, dump_format format) {
  const module_list list = modules_of(g);
  if (!list.complete()) throw std::bad_alloc();
  return to_text(format == dump_format::json ? json_of(list) : lines_of(list));
}

} // namespace tenure::inline v1::detail
