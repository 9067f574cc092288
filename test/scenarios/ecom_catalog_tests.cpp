// ECom's registry and resolver, in one process: what plug-ins offer is read from their files (E-B17).
#include "scenarios/parts/codec.hpp"
#include "support/closed.hpp"
#include "support/scratch.hpp"

#include <tenure/catalog.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using tenure::errc;
using tenure_test::scratch;

namespace {

// Of all that is offered, by module and name: "codec_1 1".
std::vector<std::string> listed(const tenure::catalog& shelf) {
  std::vector<std::string> rows;
  for (const tenure::implementation& each : shelf)
    rows.push_back(std::string(each.name) + ' ' + std::to_string(each.version));
  return rows;
}

errc code_of_find(const tenure::catalog& shelf, const char* wanted) {
  tenure::failure why;
  return shelf.find<codec>(wanted, why) != nullptr ? errc::ok : why.code();
}

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("E-B17: a catalog lists what the plug-ins of its folders offer, and loads none of them") {
  const scratch folder;
  const std::string path = folder.copy("codec_1");
  for (const char* const other : {"codec_2", "codec_other_interface", "part_a"}) // part_a says nothing
    static_cast<void>(folder.copy(other));
  folder.write("notes.txt", "not a module");
  tenure::catalog shelf;
  CHECK(shelf.add_folder(folder.folder()) == 3);
  CHECK(shelf.add_folder(folder.folder()) == 0); // it is listed already
  CHECK(listed(shelf) == strings{"codec_1 1", "codec_2 2", "codec_other_interface 9"});
  const tenure::implementation& first = *shelf.begin();
  CHECK(first.path == path);
  CHECK(first.interface_name == std::string("org.example.codec"));
  CHECK(first.match == std::string("audio/flac|audio/x-*"));
  CHECK(first.interface_version == 1);
  CHECK(first.interface_size == sizeof(codec));
  CHECK(first.serves<codec>());
  CHECK_FALSE(first.serves<codec_of<2>>());
  CHECK_FALSE(tenure_test::is_mapped(path));
  CHECK(shelf.problems_begin() == shelf.problems_end());
}

TEST_CASE("E-B17: of what fits by name or pattern the highest version is made, and its interface must be the "
          "host's") {
  const scratch folder;
  for (const char* const name : {"codec_1", "codec_2", "codec_other_interface"})
    static_cast<void>(folder.copy(name));
  tenure::catalog shelf;
  shelf.add_folder(folder.folder());
  tenure::manager<> modules;
  CHECK(shelf.make<codec>(modules, "audio/flac")->version() == 2);
  CHECK(shelf.make<codec>(modules, "audio/x-flac")->version() == 1);
  CHECK(shelf.make<codec>(modules, "codec_1")->version() == 1);
  CHECK(shelf.make<codec_of<2>>(modules, "audio/flac")->version() == 9);
  CHECK(code_of_find(shelf, "audio/other") == errc::interface_mismatch);
  CHECK(code_of_find(shelf, "audio/fla") == errc::no_implementation);
  CHECK(code_of_find(shelf, "xaudio/flac") == errc::no_implementation);
  CHECK(code_of_find(shelf, "") == errc::no_implementation);
  try {
    static_cast<void>(shelf.make<codec>(modules, "audio/mp3"));
    FAIL("made it");
  } catch (const tenure::error& e) {
    CHECK(e.code() == errc::no_implementation);
    CHECK(std::string(e.what()).find("org.example.codec 1 \"audio/mp3\"") != std::string::npos);
  }
}

TEST_CASE("E-B17: a pattern's star and question mark stand for what they should") {
  tenure::implementation it;
  it.name = "n";
  it.match = "a*c|?.wav||*x*y*";
  for (const char* const fits : {"ac", "abc", "abcc", "1.wav", "xy", "1x2y3", "xxyy"})
    CHECK(it.matches(fits));
  for (const char* const other : {"", "a", "acb", ".wav", "12.wav", "yx", "a*", "|"})
    CHECK_FALSE(it.matches(other));
  it.match = "";
  CHECK_FALSE(it.matches(""));
}

TEST_CASE("E-B17: of equal versions the folder that was added first wins") {
  const scratch ours, theirs;
  static_cast<void>(ours.copy("codec_2_again"));
  static_cast<void>(theirs.copy("codec_2"));
  tenure::manager<> modules;
  for (const bool ours_first : {true, false}) {
    tenure::catalog shelf;
    shelf.add_folder((ours_first ? ours : theirs).folder());
    shelf.add_folder((ours_first ? theirs : ours).folder());
    CHECK(shelf.make<codec>(modules, "audio/flac")->module_name() ==
          std::string(ours_first ? "codec_2_again" : "codec_2"));
  }
}

TEST_CASE(
    "E-B17: an upgrade is found by a refresh, and the old module goes with its objects (CT-0286 to 0289)") {
  const scratch shipped, upgrades;
  const std::string old_file = shipped.copy("codec_1");
  tenure::catalog shelf;
  shelf.add_folder(shipped.folder());
  CHECK(shelf.add_folder(upgrades.folder()) == 0);
  tenure::manager<> modules;
  auto before = shelf.make<codec>(modules, "audio/flac");
  CHECK_FALSE(shelf.refresh());
  const std::string new_file = upgrades.copy("codec_2");
  CHECK(shelf.make<codec>(modules, "audio/flac")->version() == 1); // nobody has looked yet
  CHECK(shelf.refresh());
  CHECK(shelf.make<codec>(modules, "audio/flac")->version() == 2);
  CHECK(before->version() == 1);
  before.reset();
  static_cast<void>(modules.final_close());
  CHECK(tenure_test::is_gone(old_file));
  // An uninstalled upgrade gives the old one back; the old one alone would not have replaced it.
  upgrades.take_away(new_file);
  CHECK(shelf.refresh());
  CHECK(shelf.make<codec>(modules, "audio/flac")->version() == 1);
}

TEST_CASE("E-B17: a file that is replaced where it lies is the old one to the end of its module (CT-0653)") {
  const scratch folder;
  const std::string file = folder.copy("codec_1");
  tenure::catalog shelf;
  shelf.add_folder(folder.folder());
  tenure::manager<tenure::policy::immediate> modules;
  auto old = shelf.make<codec>(modules, "audio/flac");
  folder.replace(file, "codec_2");
  CHECK(shelf.refresh());
  CHECK(shelf.begin()->version == 2);
  CHECK(old->version() == 1);
  old.reset();
  if (tenure_test::loader_unmaps()) CHECK(shelf.make<codec>(modules, "audio/flac")->version() == 2);
}

TEST_CASE("E-B17: files that are no modules for this process are told with their reason, and harm nobody") {
  const scratch folder;
  const std::string whole = folder.copy("codec_1");
  const std::string suffix = tenure_test::module_suffix("codec_1");
  std::string bytes = [&] {
    std::ifstream in(whole, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  folder.write("a_cut_off" + suffix, bytes.substr(0, 700));
  folder.write("b_text" + suffix, "no module at all, but named like one");
  tenure::catalog shelf;
  CHECK(shelf.add_folder(folder.folder()) == 1);
  CHECK(std::distance(shelf.problems_begin(), shelf.problems_end()) == 2);
  std::for_each(shelf.problems_begin(), shelf.problems_end(), [&](const tenure::failure& why) {
    const bool cut_off = std::string(why.path()).find("a_cut_off") != std::string::npos;
    CHECK(why.code() == (cut_off ? errc::file_truncated : errc::not_a_shared_library));
  });
}

TEST_CASE("E-B17: a catalog that is damaged in a whole file is told of, wherever it is damaged") {
  const scratch folder;
  const std::string whole = folder.copy("codec_1");
  const std::string suffix = tenure_test::module_suffix("codec_1");
  const std::string bytes = [&] {
    std::ifstream in(whole, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  const std::size_t head = bytes.find(std::string_view(TENURE_CATALOG_MAGIC "\0", 8)), row_size = head + 8,
                    rows = head + 12;
  REQUIRE(head != bytes.npos);
  const struct {
    std::size_t at;
    const char* number;
  } damages[] = {{head, "XXXX"},
                 {row_size, "\xff\xff\xff\xff"},
                 {row_size, "\x08\0\0\0"},
                 {rows, "\xff\xff\xff\xff"},
                 {rows, "\0\x10\0\0"}};
  int n = 0;
  for (const auto& damage : damages) {
    std::string damaged = bytes;
    damaged.replace(damage.at, 4, damage.number, 4);
    folder.write("damaged_" + std::to_string(++n) + suffix, damaged);
  }
  tenure::catalog shelf;
  CHECK(shelf.add_folder(folder.folder()) == 1);
  CHECK(shelf.problems_end() - shelf.problems_begin() == n);
  std::for_each(shelf.problems_begin(), shelf.problems_end(), [&](const tenure::failure& why) {
    CHECK(why.code() == errc::file_damaged);
    CHECK(std::string(why.what()).find("tenure_plugin_catalog") != std::string::npos);
  });
  tenure::failure why;
  CHECK(shelf.find<codec>(nullptr, why) == nullptr);
  CHECK(why.code() == errc::name_missing);
}

TEST_CASE("E-B17: a folder that is not there is an error, and one that goes is a problem") {
  tenure::catalog shelf;
  tenure::failure why;
  {
    const scratch folder;
    static_cast<void>(folder.copy("codec_1"));
    CHECK(shelf.add_folder(folder.path("missing"), why) == 0);
    CHECK(why.code() == errc::file_not_found);
    CHECK_THROWS_AS(shelf.add_folder(folder.path("missing")), tenure::error);
    CHECK(shelf.size() == 0);
    CHECK(shelf.add_folder(folder.folder()) == 1);
  }
  CHECK(shelf.refresh());
  CHECK(shelf.size() == 0);
  REQUIRE(shelf.problems_end() - shelf.problems_begin() == 1);
  CHECK(shelf.problems_begin()->code() == errc::file_not_found);
}
