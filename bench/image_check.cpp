// What does looking at a file cost before it is loaded? The check's two levels beside their floor, one read
// of a page, and beside what they precede, dlopen with dlclose. Page cache warm, files opened once.
//   image_check FILE...     prints microseconds: the median of 201 runs of each, in turn
#include "image/image.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace image = tenure::image;

namespace {

constexpr std::size_t runs = 201;

std::size_t read_at(void* context, std::uint64_t offset, void* into, std::size_t count) noexcept {
  const auto got = pread(*static_cast<int*>(context), into, count, static_cast<off_t>(offset));
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

class stopwatch {
public:
  template <class Action> void measure(Action action) {
    const auto start = std::chrono::steady_clock::now();
    action();
    taken_.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  double median() {
    std::nth_element(taken_.begin(), taken_.begin() + runs / 2, taken_.end());
    return taken_[runs / 2];
  }

private:
  std::vector<double> taken_;
};

void load(const char* path) {
  if (void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)) dlclose(handle);
}

void measure(const char* path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) return;
  const image::source file{read_at, &descriptor, static_cast<std::uint64_t>(status.st_size)};
  std::array<stopwatch, 4> clocks;
  bool sound = true;
  for (std::size_t i = 0; i < runs; ++i) {
    std::array<std::byte, 4096> page;
    clocks[0].measure([&] { sound &= read_at(&descriptor, 0, page.data(), page.size()) != 0; });
    clocks[1].measure([&] { sound &= !image::check(file, image::level::headers); });
    clocks[2].measure([&] { sound &= !image::check(file, image::level::tables); });
    clocks[3].measure([&] { load(path); });
  }
  close(descriptor);
  std::printf("%9lld %8.2f %8.2f %8.2f %8.2f  %s%s\n", static_cast<long long>(status.st_size),
              clocks[0].median(), clocks[1].median(), clocks[2].median(), clocks[3].median(), path,
              sound ? "" : " (refused)");
}

} // namespace

int main(int count, char** arguments) {
  std::printf("%9s %8s %8s %8s %8s\n", "bytes", "a page", "headers", "tables", "dlopen");
  for (int i = 1; i < count; ++i) measure(arguments[i]);
  return count > 1 ? 0 : 2;
}
