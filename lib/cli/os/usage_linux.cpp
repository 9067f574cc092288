#include "cli/os/usage.hpp"

#include <array>
#include <climits>
#include <dirent.h>
#include <fstream>
#include <link.h>
#include <pthread.h>
#include <unistd.h>

namespace tenure::cli {
namespace {

std::uint64_t count_entries(const char* folder) {
  DIR* const open = ::opendir(folder);
  if (open == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* each = ::readdir(open)) count += each->d_name[0] != '.';
  ::closedir(open);
  return count;
}

std::uint64_t read_resident_bytes() {
  std::uint64_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

int count_image(dl_phdr_info* image, std::size_t, void* context) noexcept {
  auto& into = *static_cast<process_usage*>(context);
  ++into.images;
  for (ElfW(Half) i = 0; i != image->dlpi_phnum; ++i)
    if (image->dlpi_phdr[i].p_type == PT_TLS) into.tls_bytes += image->dlpi_phdr[i].p_memsz;
  return 0;
}

// No call tells how many are in use; how many more can be had does.
std::uint64_t count_keys() noexcept {
  static std::array<pthread_key_t, PTHREAD_KEYS_MAX> got;
  std::size_t count = 0;
  while (count != got.size() && ::pthread_key_create(&got[count], nullptr) == 0) ++count;
  for (std::size_t i = 0; i != count; ++i) ::pthread_key_delete(got[i]);
  return PTHREAD_KEYS_MAX - count;
}

} // namespace

std::optional<process_usage> measure_usage() {
  process_usage now;
  now.resident_bytes = read_resident_bytes();
  now.threads = count_entries("/proc/self/task");
  now.descriptors = count_entries("/proc/self/fd") - 1; // the folder's own
  now.tls_keys = count_keys();
  ::dl_iterate_phdr(count_image, &now);
  return now;
}

} // namespace tenure::cli
