// A policy of the application's own, written against Tenure's public headers.
#ifndef EMBED_RARELY_USED_HPP
#define EMBED_RARELY_USED_HPP

#include <tenure/policy.hpp>

#include <cstddef>

namespace policy {

// Keeps Limit idle modules; beyond that the one goes that was used least often, of equals the first to idle.
template <std::size_t Limit> class rarely_used {
public:
  void idled(tenure::idle_module& m, tenure::time_point, tenure::idle_list& victims) noexcept {
    kept_.push_back(m);
    if (kept_.size() > Limit) give_up_rarest(victims);
  }
  void revived(tenure::idle_module& m) noexcept { kept_.remove(m); }
  void sweep(const tenure::sweep_request&, tenure::idle_list&) noexcept {}
  void drain(tenure::idle_list& victims) noexcept { victims.append(kept_); }
  [[nodiscard]] tenure::time_point next_due() const noexcept { return tenure::never; }

private:
  void give_up_rarest(tenure::idle_list& victims) noexcept {
    tenure::idle_module* rarest = kept_.front();
    for (tenure::idle_module* m = rarest; m != nullptr; m = tenure::idle_list::after(*m))
      if (m->use_count() < rarest->use_count()) rarest = m;
    kept_.remove(*rarest);
    victims.push_back(*rarest);
  }

  tenure::idle_list kept_;
};

} // namespace policy

#endif
