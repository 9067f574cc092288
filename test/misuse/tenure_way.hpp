// Tenure, with each policy and departure level.
#ifndef TENURE_TEST_MISUSE_TENURE_WAY_HPP
#define TENURE_TEST_MISUSE_TENURE_WAY_HPP

#include "host.hpp"

#include <tenure/tenure.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace misuse {

// How thorough a manager is. The strict one also reads the tables of each file.
enum class level { none, own_stack, threads, strict };

constexpr const char* to_string(level l) {
  constexpr const char* names[] = {"none", "own_stack", "threads", "strict"};
  return names[static_cast<int>(l)];
}

class tenure_way : public host {
public:
  using module = tenure::module;
  template <class F> using symbol = tenure::symbol<F>;
  template <class T> using instance = tenure::instance<T>;

  using host::host;
  tenure_way(const tenure_way&) = delete;
  tenure_way& operator=(const tenure_way&) = delete;
  virtual ~tenure_way() = default;

  [[nodiscard]] module open(const std::string& path, bool global = false) {
    tenure::open_options options;
    options.global = global;
    return open_with(path, options);
  }
  // Of a file that others write to: the strict level loads a private copy.
  [[nodiscard]] module open_apart(const std::string& path) {
    tenure::open_options options;
    options.private_copy = is_strict();
    return open_with(path, options);
  }
  [[nodiscard]] module open_wide(std::string_view path) { return open_with(path, {}); }
  // Closes all that is idle, and tells what became of one of them.
  verdict let_go(const std::string& name) { return verdict_of(final_close(), name); }
  // What the policy thinks due; nothing that it keeps is named.
  verdict sweep(const std::string& name) { return verdict_of(sweep_now(), name); }
  virtual module adopt(void* handle) = 0;
  static constexpr bool managed = true;

  [[nodiscard]] virtual bool is_strict() const = 0;
  // True if the policy lets what was closed stay mapped.
  [[nodiscard]] virtual bool keeps_pages() const = 0;
  // Before anything is opened, of files that may be anything: the strict level then tries each in a child
  // process first. Not for all files, since some initialisers wait for what only the host can do.
  virtual void distrust_files() = 0;
  // The manager goes, its handles stay.
  virtual void end() = 0;

private:
  virtual module open_with(tenure::path_view path, const tenure::open_options& options) = 0;
  virtual tenure::unload_report final_close() = 0;
  virtual tenure::unload_report sweep_now() = 0;
  verdict verdict_of(const tenure::unload_report& report, const std::string& name) const;
};

// One policy at one level of checks.
struct tenure_kind {
  const char* policy;
  level checks;
  bool keeps_pages; // resident: what is closed stays
  std::unique_ptr<tenure_way> (*make)(std::string modules, std::string scratch);
};

// Of each policy first the default level, then the strict one, then the others; the default policy first.
const std::vector<tenure_kind>& tenure_kinds();

} // namespace misuse

#endif
