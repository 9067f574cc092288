// Every policy that the contract holds for. A new one is added here; test/checks looks that none is missing.
#ifndef TENURE_TEST_POLICIES_ALL_POLICIES_HPP
#define TENURE_TEST_POLICIES_ALL_POLICIES_HPP

#include <tenure/policies/adaptive.hpp>
#include <tenure/policies/deferred.hpp>
#include <tenure/policies/distributed.hpp>
#include <tenure/policies/final_close.hpp>
#include <tenure/policies/immediate.hpp>
#include <tenure/policies/keep_warm.hpp>
#include <tenure/policies/limit_idle_bytes.hpp>
#include <tenure/policies/periodic_sweep.hpp>
#include <tenure/policies/resident.hpp>
#include <tenure/policy.hpp>

#include <tuple>

namespace tenure_test {

// A user's own: keeps what was used often, closes at once what was used less than `Uses` times. It does not
// park, so every revive is told.
template <int Uses> class keep_favourites {
public:
  void idled(tenure::idle_module& m, tenure::time_point, tenure::idle_list& victims) {
    (m.use_count() < Uses ? victims : favourites_).push_back(m);
  }
  void revived(tenure::idle_module& m) { favourites_.remove(m); }
  void sweep(const tenure::sweep_request& request, tenure::idle_list& victims) {
    if (request.has_delay) victims.append(favourites_);
  }
  void drain(tenure::idle_list& victims) { victims.append(favourites_); }
  [[nodiscard]] tenure::time_point next_due() const { return tenure::never; }

private:
  tenure::idle_list favourites_;
};

// A user's own that parks: first in, first out, as long as it is.
class keep_three {
public:
  static constexpr bool parks = true;
  void idled(tenure::idle_module& m, tenure::time_point, tenure::idle_list& victims) {
    kept_.push_back(m);
    if (kept_.size() > 3) victims.push_back(kept_.pop_front());
  }
  void revived(tenure::idle_module& m) { kept_.remove(m); }
  void sweep(const tenure::sweep_request&, tenure::idle_list&) {}
  void drain(tenure::idle_list& victims) { victims.append(kept_); }
  [[nodiscard]] tenure::time_point next_due() const { return tenure::never; }

private:
  tenure::idle_list kept_;
};

namespace p = tenure::policy;

using all_policies =
    std::tuple<p::adaptive, p::immediate, p::deferred<1>, p::deferred<3>, p::periodic_sweep, p::final_close,
               p::keep_warm<4>, p::keep_warm<0>, p::resident, p::limit_idle_bytes<p::final_close, 100'000>,
               p::limit_idle_bytes<p::keep_warm<2>, 1>, p::limit_idle_bytes<p::resident, 1>,
               p::limit_idle_bytes<p::adaptive, 100'000>, p::distributed<>,
               p::distributed<p::final_close>, keep_favourites<2>, keep_three>;

} // namespace tenure_test

#endif
