// open_options::private_copy: an image of its own, out of reach of whoever writes to the file.
#include "support/closed.hpp"
#include "support/scratch.hpp"
#include "support/utf8.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

using tenure_test::scratch;
namespace fs = std::filesystem;

namespace {

constexpr tenure::open_options apart{.private_copy = true};

int ask(const tenure::module& m) { return m.symbol<int()>("answer")(); }

std::size_t files_in(const scratch& folder) {
  std::size_t n = 0;
  for (const fs::directory_entry& each : fs::directory_iterator(folder.folder()))
    n += each.is_regular_file() ? 1 : 0;
  return n;
}

void overwrite(const std::string& file) {
  std::fstream out(tenure_test::path_of_utf8(file), std::ios::binary | std::ios::in | std::ios::out);
  const std::string zeros(fs::file_size(tenure_test::path_of_utf8(file)), '\0');
  out.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
}

} // namespace

TEST_CASE("a file that is overwritten while its module is in use does it no harm") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  tenure::module m = modules.open(file, apart);
  overwrite(file);
  CHECK(ask(m) == 42);
  CHECK(std::string(m.path()) == file); // reports name the file, not its copy
  m.reset();
  CHECK(tenure_test::all_closed(modules.report()));
}

TEST_CASE("no copy is left behind, neither when the module goes nor when it cannot be loaded") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  CHECK(ask(modules.open(file, apart)) == 42);
  CHECK(files_in(folder) == 1);
  std::error_code code;
  CHECK_FALSE(modules.open(folder.write("text.so", "not a module"), apart, code));
  CHECK(files_in(folder) == 2);
}

TEST_CASE("an address in a copy leads to its module, though the copy's file may be gone") {
  const scratch folder;
  tenure::manager<> modules;
  const tenure::module m = modules.open(folder.copy("basic"), apart);
  CHECK(modules.containing(reinterpret_cast<const void*>(m.symbol<int()>("answer").get())) == m);
}

TEST_CASE("later opens of the file share the copy that is in use") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module first = modules.open(file, apart);
  CHECK(modules.open(file) == first);
  CHECK(modules.open(file, apart) == first);
}

#if !defined(_WIN32) && !defined(__APPLE__)
TEST_CASE("a module that lingers is not given back as if it were new: the copy starts afresh, and both are "
          "reported") {
  const scratch folder;
  const std::string file = folder.copy("linger_nodelete");
  tenure::manager<tenure::policy::immediate> modules;
  static_cast<void>(modules.open(file));
  const void* const old = [&] { // as it is given back without the option
    const tenure::module again = modules.open(file);
    return again.native_handle();
  }();
  tenure::module fresh = modules.open(file, apart);
  CHECK(fresh.native_handle() != old);
  CHECK(modules.report().size() == 2);
  fresh.reset();
  CHECK(modules.report().count(tenure::unload_outcome::lingering) == 2);
}

TEST_CASE(
    "a copy that lingers is not the file's module any more: who opens the file gets another, and both are "
    "reported") {
  const scratch folder;
  const std::string file = folder.copy("linger_nodelete");
  tenure::manager<tenure::policy::immediate> modules;
  static_cast<void>(modules.open(file, apart));
  tenure::module plain = modules.open(file);
  CHECK(modules.report().count(tenure::unload_outcome::lingering) == 1);
  CHECK(modules.report().size() == 2);
  CHECK(modules.containing(reinterpret_cast<const void*>(plain.symbol<int()>("touch").get())) == plain);
  plain.reset();
  CHECK(modules.report().count(tenure::unload_outcome::lingering) == 2);
  CHECK(modules.open(file).native_handle() != nullptr);
  CHECK(modules.report().size() == 2); // the plain one came back, not one more
}
#endif
