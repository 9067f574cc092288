// A bad file is an error message, not a signal; and an error loads nothing and unloads nothing.
#include "support/mapped.hpp"
#include "unit/refusals.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

using tenure::errc;
using tenure_test::refusals;
using tenure_test::scratch;
namespace fs = std::filesystem;

namespace {

std::string bytes_of(const std::string& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

// A module's file with another processor's number in its header: ELF or PE.
std::string for_another_machine(std::string file) {
  const bool pe = file.compare(0, 2, "MZ") == 0;
  const std::size_t machine = pe ? static_cast<unsigned char>(file[0x3c]) + 4U : 18U; // e_lfanew; e_machine
  file[machine] = static_cast<char>(file[machine] + 1);
  return file;
}

} // namespace

TEST_CASE("a file that does not exist, and a folder on the way that is a file") {
  refusals o;
  CHECK(o.open(o.folder.path("absent.so")) == errc::file_not_found);
  CHECK(o.open(o.good + "/inside.so") == errc::file_not_found);
}

TEST_CASE("a folder is not a regular file") {
  refusals o;
  fs::create_directory(o.folder.path("folder.so"));
  CHECK(o.open(o.folder.path("folder.so")) == errc::not_a_regular_file);
}

TEST_CASE("an empty file and a text file") {
  refusals o;
  CHECK(o.open("empty.so", "") == errc::file_empty);
  CHECK(o.open("text.so", "/* GNU ld script */ INPUT(libm.so.6)\n" + std::string(100, ' ')) ==
        errc::not_a_shared_library);
}

TEST_CASE("a module that is cut short at any length is refused, and never loaded") {
  refusals o;
  const std::string whole = bytes_of(o.good);
  for (std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{15}, std::size_t{63}, std::size_t{64},
                           whole.size() / 4, whole.size() / 2, whole.size() * 3 / 4}) {
    CAPTURE(size);
    const errc code = o.open("cut.so", whole.substr(0, size));
    CHECK((code == errc::file_truncated || code == errc::not_a_shared_library || code == errc::file_damaged));
  }
  CHECK(o.modules.stats().loads == 0);
}

TEST_CASE("a module for another machine") {
  refusals o;
  CHECK(o.open("machine.so", for_another_machine(bytes_of(o.good))) == errc::foreign_machine);
}

TEST_CASE("a bad file in the search path is an error, not a reason to look elsewhere") {
  const scratch first;
  const scratch second;
  first.write(fs::path(tenure_test::module_file("basic")).filename().string(), "not a module");
  const std::string whole = second.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  modules.add_search_path(first.folder());
  modules.add_search_path(second.folder());
  tenure::failure why;
  CHECK(!modules.open("basic", why));
  CHECK(why.code() == errc::not_a_shared_library);
  CHECK(!tenure_test::is_mapped(whole));
}

TEST_CASE("after any number of bad files a good one loads") {
  refusals o;
  for (int i = 0; i != 50; ++i) CHECK(o.open("bad.so", "bad") != errc::ok);
  CHECK(o.modules.open(o.good).symbol<int()>("answer")() == 42);
  CHECK(o.modules.stats().failures == 50);
  CHECK(o.modules.stats().loads == 1);
}
