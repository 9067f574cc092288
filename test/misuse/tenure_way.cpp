#include "tenure_way.hpp"

#include <optional>

namespace misuse {
namespace {

// The library's name for each level.
constexpr tenure::departure_check departure_check_of(level l) {
  switch (l) {
  case level::none:
    return tenure::departure_check::none;
  case level::threads:
    return tenure::departure_check::threads;
  case level::strict:
    return tenure::departure_check::references;
  default:
    return tenure::departure_check::own_stack;
  }
}

tenure::manager_options options_for(level l) {
  tenure::manager_options options;
  if (l == level::strict) options.check = tenure::file_check::tables;
  options.stale_pointers = tenure::quarantine::explain;
  return options;
}

template <class Policy, level Level> class managed_way final : public tenure_way {
public:
  managed_way(std::string modules, std::string scratch)
      : tenure_way(std::move(modules), std::move(scratch))
      , manager_(std::in_place, options_for(Level)) {}

  module adopt(void* handle) override { return manager_->adopt(handle); }
  [[nodiscard]] bool keeps_pages() const override { return tenure::detail::keeps_pages_of<Policy>(); }
  void distrust_files() override {
    tenure::manager_options options = options_for(Level);
    if (Level == level::strict) options.check = tenure::file_check::trial;
    manager_.emplace(options);
  }
  void end() override { manager_.reset(); }

private:
  [[nodiscard]] bool is_strict() const override { return Level == level::strict; }
  module open_with(tenure::path_view path, const tenure::open_options& options) override {
    return manager_->open(path, options);
  }
  tenure::unload_report final_close() override { return manager_->final_close(); }
  tenure::unload_report sweep_now() override { return manager_->sweep(tenure::duration{}); }

  std::optional<tenure::manager<Policy, departure_check_of(Level)>> manager_;
};

template <class Policy, level Level>
std::unique_ptr<tenure_way> make(std::string modules, std::string scratch) {
  return std::make_unique<managed_way<Policy, Level>>(std::move(modules), std::move(scratch));
}

template <class Policy> void add(std::vector<tenure_kind>& all, const char* name) {
  constexpr bool keeps = tenure::detail::keeps_pages_of<Policy>();
  all.push_back({name, level::own_stack, keeps, make<Policy, level::own_stack>});
  all.push_back({name, level::strict, keeps, make<Policy, level::strict>});
  all.push_back({name, level::none, keeps, make<Policy, level::none>});
  all.push_back({name, level::threads, keeps, make<Policy, level::threads>});
}

std::vector<tenure_kind> make_kinds() {
  std::vector<tenure_kind> all;
  add<tenure::policy::deferred_one>(all, "deferred_one");
  add<tenure::policy::immediate>(all, "immediate");
  add<tenure::policy::periodic_sweep>(all, "periodic_sweep");
  add<tenure::policy::final_close>(all, "final_close");
  add<tenure::policy::keep_warm<>>(all, "keep_warm");
  add<tenure::policy::adaptive>(all, "adaptive");
  add<tenure::policy::resident>(all, "resident");
  return all;
}

std::string text_of(const tenure::unload_entry& e) {
  std::string text = tenure::to_string(e.outcome);
  if (e.reason != tenure::linger_reason::none) text += std::string(" (") + tenure::to_string(e.reason) + ")";
  if (*e.detail != '\0') text += std::string(": ") + e.detail;
  return text;
}

fate fate_of(tenure::unload_outcome outcome) {
  using enum tenure::unload_outcome;
  if (outcome == gone || outcome == kept || outcome == idle) return fate::survives;
  return outcome == lingering ? fate::lingers : outcome == failed ? fate::refuses : fate::defers;
}

} // namespace

const std::vector<tenure_kind>& tenure_kinds() {
  static const std::vector<tenure_kind> all = make_kinds();
  return all;
}

// A report that does not name it says that it is gone. Of an old and a new file under one path what is left
// counts.
verdict tenure_way::verdict_of(const tenure::unload_report& report, const std::string& name) const {
  const tenure::unload_entry* found = nullptr;
  for (const tenure::unload_entry& e : report)
    if (std::string_view(e.path).find(name) != std::string_view::npos)
      if (found == nullptr || found->outcome == tenure::unload_outcome::gone) found = &e;
  if (found == nullptr && keeps_pages()) return {fate::survives, "kept"};
  const bool gone = found == nullptr || found->outcome == tenure::unload_outcome::gone;
  if (gone && is_mapped(name)) return {fate::lies, "reported as gone, and it is still mapped"};
  if (!gone && !is_mapped(name)) return {fate::lies, "reported as " + text_of(*found) + ", and it is gone"};
  return found == nullptr ? verdict{fate::survives, "gone"}
                          : verdict{fate_of(found->outcome), text_of(*found)};
}

} // namespace misuse
