#include "way.hpp"

#include "session/host.hpp"
#include "session/symbols.hpp"

#include <tenure/tenure.hpp>

#include <fmt/core.h>

#include <stdexcept>

#include <dlfcn.h>

namespace real {
namespace {

using session::plugin;

constexpr tenure::duration time_between_cycles = tenure::seconds(5); // longer than any policy's patience here

void* raw_open(const std::string& file, int scope) {
  void* const handle = dlopen(file.c_str(), RTLD_NOW | scope);
  if (handle == nullptr) throw std::runtime_error(dlerror());
  return handle;
}

class raw_module final : public session::exports {
public:
  explicit raw_module(const std::string& file)
      : handle_(raw_open(file, RTLD_LOCAL)) {}
  ~raw_module() override { dlclose(handle_); }
  void* find(const char* name) override { return dlsym(handle_, name); }

private:
  void* handle_;
};

void use(const plugin& p, session::exports& from) { (void)session::start(p, from)->call(); }

class plain_way final : public way {
public:
  void pass(const plugin& p, bool used) override {
    raw_module m(p.path);
    if (used) use(p, m);
  }
  [[nodiscard]] bool reports() const override { return false; }
};

class tenure_way final : public way {
public:
  explicit tenure_way(const session::policy_entry& policy)
      : stage_(policy.make({.clock = {&now, this}})) {}

  void pass(const plugin& p, bool used) override {
    session::symbols m(stage_->open(p.path));
    if (used) use(p, m);
  }
  // Once to see what is idle, and once when that has been so for a while.
  void end_cycle() override {
    stage_->sweep();
    now_ = now_ + time_between_cycles;
    stage_->sweep();
  }
  void rest() override { (void)stage_->final_close(); }
  std::string settle() override {
    std::string lines;
    for (const tenure::unload_entry& entry : stage_->final_close()) lines += line_of(entry);
    if (const auto active = stage_->stats().active; active != 0)
      lines += fmt::format("left\tthe manager\t{} modules with references\n", active);
    return lines;
  }

private:
  static tenure::time_point now(void* self) noexcept { return static_cast<tenure_way*>(self)->now_; }
  static std::string line_of(const tenure::unload_entry& e) {
    if (e.references == 0 && e.outcome == tenure::unload_outcome::gone) return {};
    if (e.references == 0 && e.outcome == tenure::unload_outcome::kept)
      return fmt::format("kept\t{}\n", e.path);
    if (e.references == 0 && e.outcome == tenure::unload_outcome::lingering)
      return fmt::format("lingers\t{}\t{}\t{}\n", e.path, to_string(e.reason), e.detail);
    return fmt::format("left\t{}\t{}, {} references\n", e.path, to_string(e.outcome), e.references);
  }

  tenure::time_point now_{};
  std::unique_ptr<session::stage> stage_;
};

} // namespace

std::unique_ptr<way> plain_dlopen() { return std::make_unique<plain_way>(); }
std::unique_ptr<way> under_policy(const session::policy_entry& policy) {
  return std::make_unique<tenure_way>(policy);
}

session::kind find_kind(const plugin& p) {
  raw_module m(p.path);
  return session::kind_of(p, m);
}

void open_for_ever(const std::string& host) { (void)raw_open(host, RTLD_GLOBAL); }

} // namespace real
