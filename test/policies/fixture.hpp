// A manager of one policy with modules of its own: copies, since `resident` leaves its modules mapped for the
// rest of the process.
#ifndef TENURE_TEST_POLICIES_FIXTURE_HPP
#define TENURE_TEST_POLICIES_FIXTURE_HPP

#include "support/closed.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <string>

namespace tenure_test {

// Whether the policy ever closes a module.
template <class P> inline constexpr bool policy_closes = true;
template <class P>
requires requires { P::keeps_pages; }
inline constexpr bool policy_closes<P> = !P::keeps_pages;

// Whether it hears of a last release only when it looks, at a sweep or a final close, or when the next such manager does.
template <class P> inline constexpr bool looks_for_releases = false;
template <class P>
requires requires { P::counts_in_stripes; }
inline constexpr bool looks_for_releases<P> = P::counts_in_stripes;

template <class P> void look_for_releases() {
  if constexpr (looks_for_releases<P>) tenure::manager<P> next;
}

// Whether a module that such a policy was to close is gone from the process then.
template <class P> bool unmaps() { return policy_closes<P> && loader_unmaps(); }

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

  [[nodiscard]] bool loaded(const std::string& file) const { return is_loaded(modules, file); }
  void open_and_release(const std::string& file) { static_cast<void>(modules.open(file)); }
};

} // namespace tenure_test

#endif
