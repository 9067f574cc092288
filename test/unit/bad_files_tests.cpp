// A bad file is an error message, not a signal; and an error loads nothing and unloads nothing.
#include "support/mapped.hpp"
#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

using tenure::errc;
using tenure_test::scratch;
namespace fs = std::filesystem;

namespace {

std::string bytes_of(const std::string& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

struct opener {
  scratch folder;
  std::string good = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;

  // The cause, from a message that names the file.
  errc open(const std::string& file) {
    tenure::failure why;
    CHECK(!modules.open(file, why));
    CHECK(std::string(why.what()).find(file) != std::string::npos);
    CHECK(std::string(why.path()) == file);
    CHECK(modules.report().empty());
    return why.code();
  }
  errc open(const std::string& name, const std::string& bytes) { return open(folder.write(name, bytes)); }
};

constexpr std::size_t machine_offset = 18; // of e_machine in the ELF header
constexpr std::size_t class_offset = 4;

} // namespace

TEST_CASE("a file that does not exist, and a folder on the way that is a file") {
  opener o;
  CHECK(o.open(o.folder.path("absent.so")) == errc::file_not_found);
  CHECK(o.open(o.good + "/inside.so") == errc::file_not_found);
}

TEST_CASE("a folder, a FIFO and a device are not regular files, and nothing waits for a FIFO's writer") {
  opener o;
  fs::create_directory(o.folder.folder() / "folder.so");
  CHECK(o.open(o.folder.path("folder.so")) == errc::not_a_regular_file);
  REQUIRE(::mkfifo(o.folder.path("fifo.so").c_str(), 0600) == 0);
  CHECK(o.open(o.folder.path("fifo.so")) == errc::not_a_regular_file);
  CHECK(o.open("/dev/null") == errc::not_a_regular_file);
}

TEST_CASE("an empty file and a text file") {
  opener o;
  CHECK(o.open("empty.so", "") == errc::file_empty);
  CHECK(o.open("text.so", "/* GNU ld script */ INPUT(libm.so.6)\n" + std::string(100, ' ')) ==
        errc::not_a_shared_library);
}

TEST_CASE("a module that is cut short at any length is refused, and never loaded") {
  opener o;
  const std::string whole = bytes_of(o.good);
  for (std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{15}, std::size_t{63}, std::size_t{64},
                           whole.size() / 4, whole.size() / 2, whole.size() * 3 / 4}) {
    CAPTURE(size);
    const errc code = o.open("cut.so", whole.substr(0, size));
    CHECK((code == errc::file_truncated || code == errc::not_a_shared_library || code == errc::file_damaged));
  }
  CHECK(o.modules.stats().loads == 0);
}

TEST_CASE("a module for another machine, and one for another word size") {
  opener o;
  std::string other = bytes_of(o.good);
  REQUIRE(other.substr(1, 3) == "ELF");
  other[machine_offset] = static_cast<char>(other[machine_offset] + 1);
  CHECK(o.open("machine.so", other) == errc::foreign_machine);
  other = bytes_of(o.good);
  other[class_offset] = static_cast<char>(3 - other[class_offset]);
  CHECK(o.open("class.so", other) == errc::foreign_machine);
}

TEST_CASE("an executable is not a module") {
  opener o;
  tenure::failure why;
  CHECK(!o.modules.open("/proc/self/exe", why));
  CHECK(why.code() != errc::ok);
}

TEST_CASE("a file that may not be read") {
  opener o;
  fs::permissions(o.good, fs::perms::none);
  if (::access(o.good.c_str(), R_OK) == 0) {
    MESSAGE("skipped: this user may read everything");
    return;
  }
  CHECK(o.open(o.good) == errc::permission_denied);
}

TEST_CASE("a loop of links") {
  opener o;
  fs::create_symlink(o.folder.path("b.so"), o.folder.path("a.so"));
  fs::create_symlink(o.folder.path("a.so"), o.folder.path("b.so"));
  const errc code = o.open(o.folder.path("a.so"));
  CHECK((code == errc::file_unreadable || code == errc::file_not_found));
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
  opener o;
  for (int i = 0; i != 50; ++i) CHECK(o.open("bad.so", "bad") != errc::ok);
  CHECK(o.modules.open(o.good).symbol<int()>("answer")() == 42);
  CHECK(o.modules.stats().failures == 50);
  CHECK(o.modules.stats().loads == 1);
}
