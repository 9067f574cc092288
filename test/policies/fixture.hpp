// A manager of one policy with modules of its own: copies, since `resident` leaves its modules mapped for the
// rest of the process.
#ifndef TENURE_TEST_POLICIES_FIXTURE_HPP
#define TENURE_TEST_POLICIES_FIXTURE_HPP

#include "support/mapped.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <string>

namespace tenure_test {

template <class P> inline constexpr bool unmaps = true;
template <class P>
requires requires { P::keeps_pages; }
inline constexpr bool unmaps<P> = !P::keeps_pages;

template <class Report> const tenure::unload_entry* entry_of(const Report& report, const std::string& file) {
  for (const tenure::unload_entry& e : report)
    if (file == e.path) return &e;
  return nullptr;
}

// What the report says of a file; fails loudly if it says nothing.
template <class Report> std::string outcome_of(const Report& report, const std::string& file) {
  const tenure::unload_entry* const e = entry_of(report, file);
  return e != nullptr ? tenure::to_string(e->outcome) : "not in the report";
}

template <class P> struct fixture {
  scratch folder;
  std::string a = folder.copy("basic");
  std::string b = folder.copy("second");
  std::string c = folder.copy("third");
  tenure::manager<P> modules;

  fixture() = default;
  explicit fixture(const tenure::manager_options& options)
      : modules(options) {}
  fixture(P policy, const tenure::manager_options& options)
      : modules(std::move(policy), options) {}

  void open_and_release(const std::string& file) { static_cast<void>(modules.open(file)); }
};

} // namespace tenure_test

#endif
