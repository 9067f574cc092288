// Ours, as a way: under one policy, with one amount of care.
#ifndef TENURE_BENCH_PEERS_TENURE_HPP
#define TENURE_BENCH_PEERS_TENURE_HPP

#include "way.hpp"

#include <tenure/tenure.hpp>

#include <memory>

namespace bench {

// The defaults.
struct all_checks {
  static constexpr tenure::departure_check departure = tenure::departure_check::own_stack;
  static tenure::manager_options options() { return {}; }
};
struct no_checks {
  static constexpr tenure::departure_check departure = tenure::departure_check::none;
  static tenure::manager_options options() { return {.check = tenure::file_check::none}; }
};

// Name: with the policy, if there is more than one of ours in a question.
template <class Policy, class Checks, const char* Name> class tenure_way {
public:
  static constexpr const char* name = Name;
  static constexpr role as = role::ours;
  static constexpr unsigned opens_before =
      100; // it looks at the file at the first 64, and then at every 4,096th
  using manager = tenure::manager<Policy, Checks::departure>;
  using path = std::string;

  // One manager in the process, which is never destroyed: benchmarks hold modules of it until the end.
  static void prepare() {
    if (modules == nullptr) modules = std::make_unique<manager>(Checks::options()).release();
  }
  static path path_of(const std::string& text) { return text; }
  explicit tenure_way(const path& p)
      : module_(modules->open(p)) {}
  [[nodiscard]] auto symbol(const char* wanted) const { return module_.template symbol<int(int)>(wanted); }
  [[nodiscard]] bool has(const char* wanted) const {
    std::error_code why;
    return static_cast<bool>(module_.template symbol<int(int)>(wanted, why));
  }
  [[nodiscard]] const tenure::module& held() const { return module_; }

  inline static manager* modules = nullptr;

private:
  tenure::module module_;
};

inline constexpr char plain_name[] = "tenure";
inline constexpr char striped_name[] = "tenure, distributed";
inline constexpr char immediate_name[] = "tenure, immediate";
inline constexpr char unchecked_name[] = "tenure, immediate, no checks";

using tenure_default = tenure_way<tenure::policy::deferred_one, all_checks, plain_name>;
using tenure_striped = tenure_way<tenure::policy::distributed<>, all_checks, striped_name>;
using tenure_immediate = tenure_way<tenure::policy::immediate, all_checks, immediate_name>;
using tenure_unchecked = tenure_way<tenure::policy::immediate, no_checks, unchecked_name>;

} // namespace bench

#endif
