// Files as POSIX systems have them, and modules as ELF has them, that are no modules for us.
#include "unit/refusals.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

using tenure::errc;
using tenure_test::refusals;
namespace fs = std::filesystem;

TEST_CASE("a FIFO and a device are not regular files, and nothing waits for a FIFO's writer") {
  refusals o;
  REQUIRE(::mkfifo(o.folder.path("fifo.so").c_str(), 0600) == 0);
  CHECK(o.open(o.folder.path("fifo.so")) == errc::not_a_regular_file);
  CHECK(o.open("/dev/null") == errc::not_a_regular_file);
}

TEST_CASE("a module for another word size") {
  refusals o;
  std::ifstream in(o.good, std::ios::binary);
  std::string other{std::istreambuf_iterator<char>(in), {}};
  REQUIRE(other.substr(1, 3) == "ELF");
  constexpr std::size_t class_offset = 4;
  other[class_offset] = static_cast<char>(3 - other[class_offset]);
  CHECK(o.open("class.so", other) == errc::foreign_machine);
}

TEST_CASE("an executable is not a module") {
  refusals o;
  tenure::failure why;
  CHECK(!o.modules.open("/proc/self/exe", why));
  CHECK(why.code() != errc::ok);
}

TEST_CASE("a file that may not be read") {
  refusals o;
  fs::permissions(o.good, fs::perms::none);
  if (::access(o.good.c_str(), R_OK) == 0) {
    MESSAGE("skipped: this user may read everything");
    return;
  }
  CHECK(o.open(o.good) == errc::permission_denied);
}

TEST_CASE("a loop of links") {
  refusals o;
  fs::create_symlink(o.folder.path("b.so"), o.folder.path("a.so"));
  fs::create_symlink(o.folder.path("a.so"), o.folder.path("b.so"));
  const errc code = o.open(o.folder.path("a.so"));
  CHECK((code == errc::file_unreadable || code == errc::file_not_found));
}
