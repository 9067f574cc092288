// A bare name that only the loader's own search finds: in a folder of LD_LIBRARY_PATH, which test/meson.build
// sets.
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

namespace fs = std::filesystem;

namespace {

// The first folder of LD_LIBRARY_PATH, with a file of a name that nobody else has. Both go with the scope.
class on_loader_path {
public:
  on_loader_path() {
    const std::string all = std::getenv("LD_LIBRARY_PATH");
    folder_ = all.substr(0, all.find(':'));
    fs::create_directories(folder_);
  }
  on_loader_path(const on_loader_path&) = delete;
  on_loader_path& operator=(const on_loader_path&) = delete;
  ~on_loader_path() { fs::remove(file()); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string file() const { return folder_ + "/lib" + name_ + ".so"; }
  // A new file, of a module that was built.
  void take(const std::string& module) const {
    fs::remove(file());
    fs::copy_file(tenure_test::module_file(module), file());
  }

private:
  std::string folder_;
  std::string name_ = "tenure_test_" + std::to_string(::getpid());
};

int answer_of(const tenure::module& m) { return m.symbol<int()>("answer")(); }

} // namespace

TEST_CASE("a module in a folder of the loader's is one by its bare name and by its path") {
  const on_loader_path there;
  there.take("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module m = modules.open(there.name());
  CHECK(answer_of(m) == 42);
  CHECK(m.path() == there.file());
  CHECK(modules.open(there.file()) == m);
  CHECK(modules.stats().loads == 1);
}

TEST_CASE("a damaged file in a folder of the loader's is a message, not a signal") {
  const on_loader_path there;
  there.take("basic");
  fs::resize_file(there.file(), fs::file_size(there.file()) / 2);
  tenure::manager<tenure::policy::immediate> modules;
  tenure::failure why;
  CHECK(!modules.open(there.name(), why));
  CHECK(why.code() == tenure::errc::file_truncated);
  CHECK(std::string(why.path()) == there.file());
}

TEST_CASE("a module in a folder of the loader's that was replaced is loaded anew") {
  const on_loader_path there;
  there.take("basic");
  tenure::manager<tenure::policy::final_close> modules;
  CHECK(answer_of(modules.open(there.name())) == 42);
  there.take("other_code");
  CHECK(answer_of(modules.open(there.name())) == 43);
}
