// The port for systems without shared libraries: every call fails with errc::unsupported. Standard C++ only.
// Names are taken, so that modules which are part of the program are found by theirs.
#include "os/os.hpp"

#include <chrono>

namespace tenure::inline v1::os {
namespace {

bool refuse(fault& why) {
  why.cause = errc::unsupported;
  why.text = "this build of Tenure has no port for this system";
  return false;
}

bool is_slash(char c) noexcept { return c == '/' || c == '\\'; }

} // namespace

bool file::open(const std::string&, fault& why) { return refuse(why); }
void file::close() noexcept {}
std::ptrdiff_t file::read_at(std::uint64_t, void*, std::size_t) const noexcept { return -1; }

// Wide names would need a conversion for which there is no use.
std::string to_internal(path_view path, fault& why) {
  if (path.width() != 1) refuse(why);
  if (path.size() == 0) why.cause = errc::path_empty;
  if (why) return {};
  const std::string name(static_cast<const char*>(path.data()), path.size());
  const std::size_t nul = name.find('\0');
  if (nul != std::string::npos) why.cause = errc::path_contains_nul;
  return name.substr(0, nul);
}

bool is_absolute(std::string_view path) noexcept { return !path.empty() && is_slash(path[0]); }
bool has_folder(std::string_view path) noexcept {
  return path.find_first_of("/\\") != std::string_view::npos;
}
std::string make_absolute(const std::string& path, fault& why) {
  refuse(why);
  return path;
}
std::string join(std::string_view folder, std::string_view name) {
  return std::string(folder).append("/").append(name);
}
std::string respell(const std::string& path, unsigned) { return path; }
std::vector<std::string> decorate(std::string_view name) { return {std::string(name)}; }
std::vector<std::string> loader_path() { return {}; }
bool identify(const std::string&, file_identity&, fault& why) { return refuse(why); }
bool was_replaced(const char*, const file_identity&) { return false; }
bool list_folder(const std::string&, std::vector<std::string>&, fault& why) { return refuse(why); }

void* open(const std::string&, const open_options&, fault& why) {
  refuse(why);
  return nullptr;
}
bool close(void*, fault& why) { return refuse(why); }
void* symbol(void*, const char*, bool& found, fault& why) {
  found = refuse(why);
  return nullptr;
}
bool describe(void*, mapped_image&, std::string&, bool) { return false; }
void* handle_of_address(const void*, fault& why) {
  refuse(why);
  return nullptr;
}
bool is_mapped(const mapped_image&, const char*) noexcept { return false; }
bool is_function(const void*) noexcept { return false; }
bool loads_one_by_one() noexcept { return false; }
void kick(const char*) noexcept {}

std::uint64_t this_thread_number() noexcept { return 1; } // nobody is ever waited for
bool thread_has_ended(std::uint64_t) noexcept { return false; }

time_point now() noexcept { return std::chrono::steady_clock::now().time_since_epoch(); }

void watch_exit() noexcept {} // nothing was loaded: nothing is unmapped at the end
bool is_exiting() noexcept { return false; }

} // namespace tenure::inline v1::os
