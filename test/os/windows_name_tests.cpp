// Names on Windows: text in every encoding, and one module however its file is named.
#include "os/os.hpp"
#include "windows_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <vector>

using namespace tenure_test;
namespace os = tenure::os;

namespace {

constexpr const char8_t* strange_name = u8"Gr\u00f6\u00dfe \u6f22\u5b57 \U0001F600 \u20ac.dll";

tenure::errc cause_of_open(tenure::path_view path) {
  immediate modules;
  tenure::failure why;
  CHECK(!modules.open(path, why));
  CHECK(std::string(why.what()) != "");
  return why.code();
}

} // namespace

TEST_CASE("a path in UTF-8, in UTF-16, in wide characters and as std::filesystem::path is the same module") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), strange_name);
  {
    immediate modules;
    const tenure::module m = modules.open(file);
    CHECK(m.symbol<int()>("answer")() == 42);
    CHECK(m.path() == utf8(file));
    CHECK(modules.open(utf8(file)) == m);
    CHECK(modules.open(file.u8string()) == m);
    CHECK(modules.open(file.u16string()) == m);
    CHECK(modules.open(file.wstring()) == m);
    CHECK(modules.open(file.c_str()) == m);
    CHECK(modules.report().size() == 1);
    CHECK(is_loaded(file));
  }
  CHECK(!is_loaded(file));
}

TEST_CASE("a bare name that is not ASCII is found in the search path") {
  const work_folder folder;
  folder.copy(common_module("basic"), strange_name);
  immediate modules;
  modules.add_search_path(folder.path());
  const std::u8string name(strange_name);
  CHECK(modules.open(name.substr(0, name.size() - 4)));
}

TEST_CASE("text that is not Unicode is refused") {
  CHECK(cause_of_open("plugins\\\xe4.dll") == tenure::errc::path_not_utf8);     // Latin-1
  CHECK(cause_of_open("plugins\\\xc0\xaf.dll") == tenure::errc::path_not_utf8); // an overlong slash
  CHECK(cause_of_open("plugins\\\xed\xa0\x80") == tenure::errc::path_not_utf8); // half a surrogate pair
  CHECK(cause_of_open("plugins\\\xf0\x9f\x98") == tenure::errc::path_not_utf8); // cut off
  CHECK(cause_of_open(L"plugins\\\xd83d.dll") == tenure::errc::path_not_utf8);
  const std::u16string reversed{u'a', char16_t{0xde00}, char16_t{0xd83d}};
  CHECK(cause_of_open(reversed) == tenure::errc::path_not_utf8);
}

TEST_CASE("an empty path, a NUL and a path that no call takes are refused") {
  CHECK(cause_of_open("") == tenure::errc::path_empty);
  CHECK(cause_of_open(L"") == tenure::errc::path_empty);
  CHECK(cause_of_open(std::string_view("C:\\a\0b", 6)) == tenure::errc::path_contains_nul);
  CHECK(cause_of_open(std::wstring(40'000, L'x')) == tenure::errc::path_too_long);
  CHECK(cause_of_open(std::string(256, 'x')) == tenure::errc::path_too_long);
  CHECK(cause_of_open("C:/a/" + std::string(256, 'x') + "/b.dll") == tenure::errc::path_too_long);
  CHECK(cause_of_open(std::string(251, 'x')) == tenure::errc::file_not_found);
  CHECK(cause_of_open(std::string(200'000, 'x')) == tenure::errc::path_too_long);
}

TEST_CASE("a path starts at a root only with drive and slash, or with two slashes") {
  for (const char* path : {"C:\\x", "C:/x", "z:\\", "\\\\server\\share\\x", "//server/share", "\\\\?\\C:\\x"})
    CHECK(os::is_absolute(path));
  for (const char* path : {"C:x", "C:", "\\x", "/x", "x", "x\\y", ".\\x", "", "1:\\x", "\\\\"})
    CHECK(!os::is_absolute(path));
}

TEST_CASE("a name has a folder if it has a slash of either kind, or a drive") {
  for (const char* path : {"a\\b", "a/b", ".\\a", "C:a", "\\a"}) CHECK(os::has_folder(path));
  for (const char* path : {"a", "a.dll", "", "ab:c"}) CHECK(!os::has_folder(path));
}

TEST_CASE("a bare name gets its suffix, then its prefix, and stays itself only if it has an extension") {
  using names = std::vector<std::string>;
  CHECK(os::decorate("flac") == names{"flac.dll", "libflac.dll"});
  CHECK(os::decorate("libflac") == names{"libflac.dll"});
  CHECK(os::decorate("flac.dll") == names{"flac.dll"});
  CHECK(os::decorate("Flac.DLL") == names{"Flac.DLL"});
  CHECK(os::decorate("flac.ocx") == names{"flac.ocx.dll", "libflac.ocx.dll", "flac.ocx"});
}

TEST_CASE("an absolute path has backslashes and no dots") {
  os::fault why;
  CHECK(os::make_absolute("C:/a/./b/../c.dll", why) == "C:\\a\\c.dll");
  CHECK(os::make_absolute("\\\\?\\C:\\a\\b.dll", why) == "\\\\?\\C:\\a\\b.dll");
  CHECK(os::is_absolute(os::make_absolute("plugins/x", why)));
  CHECK(!why);
  CHECK(os::join("C:\\a", "b") == "C:\\a\\b");
  CHECK(os::join("C:/", "b") == "C:/b");
}

TEST_CASE("hard link, other case, 8.3 name, verbatim prefix and any slashes are one record") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), "a module.dll");
  const fs::path link = folder.path() / "linked.dll";
  fs::create_hard_link(file, link);
  std::string upper = utf8(file), turned = upper;
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c ^ 0x20 : c; });
  std::ranges::replace(turned, '\\', '/');
  wchar_t short_name[MAX_PATH];
  REQUIRE(GetShortPathNameW(file.c_str(), short_name, MAX_PATH) != 0);
  immediate modules;
  const tenure::module m = modules.open(file);
  CHECK(modules.open(link) == m);
  CHECK(modules.open(upper) == m);
  CHECK(modules.open(turned) == m);
  CHECK(modules.open(short_name) == m);
  CHECK(modules.open("\\\\?\\" + utf8(file)) == m);
  CHECK(modules.open(utf8(folder.path()) + "\\nowhere\\..\\a module.dll") == m);
  CHECK(modules.report().size() == 1);
  CHECK(modules.stats().loads == 1);
}

TEST_CASE("every other spelling of a path leads to the same file and keeps its name") {
  const work_folder folder;
  fs::create_directory(folder.path() / "a folder");
  const std::string file =
      utf8(folder.copy(common_module("basic"), "a folder/a module.dll").make_preferred());
  os::file_identity wanted, seen;
  os::fault why;
  REQUIRE(os::identify(file, wanted, why));
  std::vector<std::string> all{file};
  for (unsigned attempt = 1; attempt <= 3; ++attempt) {
    const std::string spelled = os::respell(file, attempt);
    CAPTURE(spelled);
    CHECK(std::ranges::find(all, spelled) == all.end());
    CHECK(os::identify(spelled, seen, why));
    CHECK(seen == wanted);
    CHECK(spelled.ends_with("\\a module.dll"));
    all.push_back(spelled);
  }
  CHECK(os::respell(file, 99) == file);
}

TEST_CASE("a file without extension is opened as it is named") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), "plain");
  immediate modules;
  const tenure::module m = modules.open(file);
  CHECK(m.symbol<int()>("answer")() == 42);
  CHECK(m.path() == utf8(file));
  CHECK(modules.open_if_loaded(file) == m);
}

TEST_CASE("a path may be as long as MAX_PATH, somewhat longer or much longer") {
  const work_folder folder;
  for (const std::size_t length : {MAX_PATH - 2, MAX_PATH - 1, MAX_PATH, MAX_PATH + 1, 400, 2'000}) {
    CAPTURE(length);
    const fs::path file = folder.copy_to_length(common_module("basic"), length, L"basic.dll");
    {
      immediate modules;
      const tenure::module m = modules.open(file);
      CHECK(m.symbol<int()>("answer")() == 42);
      CHECK(m.path() == utf8(file));
      CHECK(modules.open(utf8(file)) == m);
      CHECK(modules.open(verbatim(file)) == m);
      CHECK(modules.stats().loads == 1);
    }
    CHECK(DeleteFileW(verbatim(file).c_str()) != 0); // nobody has it mapped
  }
}

TEST_CASE("beyond MAX_PATH, too, a file needs no extension, and a replaced one gives the new code") {
  const work_folder folder;
  const fs::path file = folder.copy_to_length(common_module("basic"), 300, L"plain");
  immediate modules;
  const tenure::module old = modules.open(file);
  CHECK(old.symbol<int()>("answer")() == 42);
  REQUIRE(MoveFileW(verbatim(file).c_str(), (verbatim(file) + L"-old").c_str()) != 0);
  folder.copy_to_length(common_module("other_code"), 300, L"plain");
  const tenure::module fresh = modules.open(verbatim(file));
  CHECK(fresh.symbol<int()>("answer")() == 43);
  CHECK(old.symbol<int()>("answer")() == 42);
}

TEST_CASE("a relative path is not longer than what it leads to may be") {
  const work_folder folder;
  const fs::path file = folder.copy_to_length(common_module("basic"), 300, L"basic.dll");
  const current_folder here(folder.path());
  immediate modules;
  const tenure::module m = modules.open(file.lexically_relative(folder.path()));
  CHECK(m.path() == utf8(file));
  CHECK(modules.open(file) == m);
}

TEST_CASE("a search path may be long, and a dependency in a long folder is found") {
  const work_folder folder;
  const fs::path user = folder.copy_to_length(windows_module("user"), 300, L"user.dll");
  folder.copy_to_length(windows_module("leaf"), 300, L"leaf.dll");
  immediate modules;
  modules.add_search_path(user.parent_path());
  CHECK(modules.open("user").symbol<int()>("user_value")() == 6);
}

TEST_CASE("the part between two slashes is counted in UTF-16 units") {
  std::string notes;
  for (int i = 0; i != 127; ++i) notes += "\xf0\x9f\x8e\xb5"; // U+1F3B5: 4 bytes, 2 units
  CHECK(cause_of_open("C:\\" + notes + "x") == tenure::errc::file_not_found);
  CHECK(cause_of_open("C:\\" + notes + "xy") == tenure::errc::path_too_long);
}

TEST_CASE("letters that differ in case are one name, also outside ASCII") {
  const work_folder folder;
  const fs::path file = folder.copy(common_module("basic"), u8"\u00fcber \u0436\u03c9.dll");
  immediate modules;
  const tenure::module m = modules.open(file);
  CHECK(modules.open(folder.path() / u8"\u00dcBER \u0416\u03a9.DLL") == m);
  CHECK(modules.open(folder.path() / u8"\u00dcber \u0416\u03c9") == m);
  CHECK(modules.open_if_loaded(folder.path() / u8"\u00dcBER \u0436\u03a9.dll") == m);
  CHECK(modules.stats().loads == 1);
}

TEST_CASE("a file is read at any offset; folders and devices are refused by what they are") {
  const work_folder folder;
  const std::string path = utf8(folder.write("ten.txt", "0123456789"));
  os::file file;
  os::fault why;
  REQUIRE(file.open(path, why));
  char text[8] = {};
  CHECK(file.size() == 10);
  CHECK(file.read_at(7, text, sizeof text) == 3);
  CHECK(std::string(text) == "789");
  CHECK(file.read_at(10, text, sizeof text) == 0);
  CHECK(!file.open(utf8(folder.path()), why));
  CHECK(why.cause == tenure::errc::not_a_regular_file);
  CHECK(!file.open("\\\\.\\NUL", why));
  CHECK(why.cause == tenure::errc::not_a_regular_file);
  CHECK(!file.open(path + ".none", why));
  CHECK(why.cause == tenure::errc::file_not_found);
  CHECK(why.code == ERROR_FILE_NOT_FOUND);
  CHECK(is_clean_text(why.text));
}
