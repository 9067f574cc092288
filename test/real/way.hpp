// Ways to open, use and release a module: plain dlopen, and Tenure under each policy.
#ifndef TENURE_TEST_REAL_WAY_HPP
#define TENURE_TEST_REAL_WAY_HPP

#include "session/plugin.hpp"
#include "session/stage.hpp"

#include <memory>
#include <string>

namespace real {

// Errors: an open that fails throws std::runtime_error with the loader's or Tenure's words.
class way {
public:
  way() = default;
  way(const way&) = delete;
  way& operator=(const way&) = delete;
  virtual ~way() = default;
  // Opens it, runs its code if `used`, and releases it.
  virtual void pass(const session::plugin& p, bool used) = 0;
  // The program sweeps, and time passes.
  virtual void end_cycle() {}
  // Closes what is kept for later. A policy may keep other modules now than at another time: adaptive weighs how
  // long their loads took.
  virtual void rest() {}
  // Everything is closed that may be. Returns lines: "lingers PATH REASON DETAIL", "kept PATH", "left PATH
  // HOW", with tabs between their words.
  virtual std::string settle() { return {}; }
  [[nodiscard]] virtual bool reports() const { return true; }
};

[[nodiscard]] std::unique_ptr<way> plain_dlopen();
[[nodiscard]] std::unique_ptr<way> under_policy(const session::policy_entry& policy);

// By plain dlopen: which host can use it.
[[nodiscard]] session::kind find_kind(const session::plugin& p);

// Pre: a file. Errors: throws std::runtime_error.
void open_for_ever(const std::string& host);

} // namespace real

#endif
