#include "file_check.hpp"

#include "failure_access.hpp"
#include "file_source.hpp"
#include "os/trial.hpp"

namespace tenure::inline v1::detail {
namespace {

errc code_of(image::cause what) noexcept {
  using image::cause;
  switch (what) {
  case cause::none:
    return errc::ok;
  case cause::unreadable:
    return errc::file_unreadable;
  case cause::out_of_memory:
    return errc::out_of_memory;
  case cause::empty:
    return errc::file_empty;
  case cause::truncated:
    return errc::file_truncated;
  case cause::foreign_format:
  case cause::foreign_class:
  case cause::foreign_byte_order:
  case cause::foreign_machine:
    return errc::foreign_machine;
  default:
    return what < cause::truncated ? errc::not_a_shared_library : errc::file_damaged;
  }
}

// A file that its tables do not give away, or whose initialisers end the process.
bool try_file(const std::string& path, failure& why) {
  std::string what_became;
  if (os::survives_in_child(path, what_became)) return true;
  failure_parts parts;
  parts.code = errc::trial_failed;
  parts.path = path;
  parts.explanation = what_became;
  fill(why, parts);
  return false;
}

} // namespace

bool check_file(const std::string& path, file_check level, failure& why) {
  if (level == file_check::none) return true;
  os::file file;
  os::fault fault;
  if (!file.open(path, fault)) {
    fill(why, fault, path);
    return false;
  }
  const image::finding found = image::check(
      source_of(file), level >= file_check::tables ? image::level::tables : image::level::headers);
  file.close();
  if (!found) return level < file_check::trial || try_file(path, why);
  failure_parts parts;
  parts.code = code_of(found.what);
  parts.path = path;
  const std::string explanation = image::describe(found);
  parts.explanation = explanation;
  fill(why, parts);
  return false;
}

} // namespace tenure::inline v1::detail
