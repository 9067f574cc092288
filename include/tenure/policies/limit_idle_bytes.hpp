// Another policy, with a limit on the memory that idle modules hold.
#ifndef TENURE_POLICIES_LIMIT_IDLE_BYTES_HPP
#define TENURE_POLICIES_LIMIT_IDLE_BYTES_HPP

#include <tenure/policy.hpp>

namespace tenure::inline v1::policy {

// Whatever Inner keeps, no more than Bytes of address space stay with idle modules: beyond that Inner names
// its next victims early. Inner must have shed(). When not to use it: to limit what is in use; only idle
// modules can be given back.
template <unload_policy Inner, std::size_t Bytes> class limit_idle_bytes {
public:
  // Not parking: each revive must be told, or bytes in use would count as idle.
  static constexpr bool parks = false;
  static constexpr bool reads_time = requires { requires Inner::reads_time; };
  static constexpr bool keeps_pages = requires { requires Inner::keeps_pages; };

  limit_idle_bytes() noexcept = default;
  // Around a policy with values of its own.
  explicit limit_idle_bytes(Inner inner) noexcept
      : inner_(static_cast<Inner&&>(inner)) {}

  void idled(idle_module& m, time_point now, idle_list& victims) noexcept {
    idle_bytes_ += m.mapped_bytes();
    idle_list named;
    inner_.idled(m, now, named);
    shed_excess(named);
    forward(named, victims);
  }
  void revived(idle_module& m) noexcept requires(!times_revives<Inner>) {
    idle_bytes_ -= m.mapped_bytes();
    inner_.revived(m);
  }
  void revived(idle_module& m, time_point now) noexcept requires times_revives<Inner> {
    idle_bytes_ -= m.mapped_bytes();
    inner_.revived(m, now);
  }
  void sweep(const sweep_request& request, idle_list& victims) noexcept {
    idle_list named;
    inner_.sweep(request, named);
    forward(named, victims);
  }
  void drain(idle_list& victims) noexcept {
    idle_list named;
    inner_.drain(named);
    forward(named, victims);
  }
  void shed(idle_list& victims) noexcept {
    idle_list named;
    inner_.shed(named);
    forward(named, victims);
  }
  [[nodiscard]] time_point next_due() const noexcept { return inner_.next_due(); }
  // What is idle now, in bytes of mappings.
  [[nodiscard]] std::size_t idle_bytes() const noexcept { return idle_bytes_; }

private:
  void shed_excess(idle_list& named) noexcept {
    std::size_t going = bytes_of(named);
    while (idle_bytes_ - going > Bytes) {
      idle_list more;
      inner_.shed(more);
      if (more.empty()) return; // Inner keeps nothing that it may give up
      going += bytes_of(more);
      named.append(more);
    }
  }
  void forward(idle_list& named, idle_list& victims) noexcept {
    idle_bytes_ -= bytes_of(named);
    victims.append(named);
  }
  static std::size_t bytes_of(const idle_list& list) noexcept {
    std::size_t sum = 0;
    for (const idle_module* m = list.front(); m != nullptr; m = idle_list::after(*m))
      sum += m->mapped_bytes();
    return sum;
  }

  Inner inner_;
  std::size_t idle_bytes_ = 0;
};

} // namespace tenure::inline v1::policy

#endif
