// Opening a bare name that is in no folder of the manager's: as the system looks for it.
#include "failure_access.hpp"
#include "file_check.hpp"
#include "loader_scope.hpp"
#include "opening.hpp"
#include "throwers.hpp"

#include <utility>

namespace tenure::inline v1::detail {
namespace {

// As the loader: it goes on to the next folder.
bool is_foreign(const std::string& path, file_check level) {
  failure why;
  return level != file_check::none && !check_file(path, file_check::headers, why) &&
         why.code() == errc::foreign_machine;
}

// In the folders of the environment and of the program, which are not the loader's own: what is found there
// is opened as any other file, so it is checked, and known by its file. False with `fault` if the loader
// cannot be asked for them.
bool look_on_loader_path(location& where, const open_options& options, file_check level, os::fault& fault) {
  if (loader_blocked_by() != nullptr) return true; // it would never answer; the open says so
  std::vector<std::string> folders;
  {
    const loader_turn turn(turn_use::load, where.candidates.front().c_str(), options.patience);
    if (!turn.taken()) {
      explain_busy(fault, turn);
      return false;
    }
    const loader_scope inside;
    folders = os::loader_path();
  }
  for (const std::string& candidate : where.candidates)
    for (const std::string& folder : folders) {
      os::fault nothing_there;
      std::string path = os::join(folder, candidate);
      if (!os::identify(path, where.file, nothing_there) || is_foreign(path, level)) continue;
      where.path = std::move(path);
      return true;
    }
  return true;
}

} // namespace

// The system may look for a bare name its own way; which file it was is known afterwards.
record* opening::by_system(location& where) {
  os::fault fault;
  if (!look_on_loader_path(where, options_, g_.options.check, fault)) return failed(fault, name_);
  if (!where.path.empty()) return by_file(where);
  for (const std::string& candidate : where.candidates) {
    loaded seen;
    os::fault here;
    if (system_open(candidate, options_, seen, here)) return by_handle(seen, name_);
    if (!fault || here.cause != errc::file_not_found) fault = std::move(here);
    if (fault.cause != errc::file_not_found && fault.cause != errc::not_loaded) break;
  }
  if (fault.cause != errc::file_not_found) return failed(fault, name_);
  for (const std::string& candidate : where.candidates)
    where.tried += (where.tried.empty() ? "" : ", ") + candidate + " (in the system's folders)";
  where.last = std::move(fault);
  report_not_found(name_, where, why_);
  return nullptr;
}

} // namespace tenure::inline v1::detail
