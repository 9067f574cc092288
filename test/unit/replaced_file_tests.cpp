// A file that is replaced on disk while its old image is loaded: told, and never silently the old code.
#include "support/closed.hpp"
#include "support/scratch.hpp"
#include "support/weigh.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using tenure_test::scratch;
using tenure_test::weigh;
namespace fs = std::filesystem;

namespace {

int answer_of(const tenure::module& m) { return m.symbol<int()>("answer")(); }

// The file under a spelling that was not used before, which is looked up anew.
std::string other_spelling(const std::string& file, const std::string& detour = "./") {
  const std::size_t name = file.find_last_of("/\\") + 1;
  return file.substr(0, name) + detour + file.substr(name);
}

} // namespace

TEST_CASE("an idle module whose file was replaced: the next open gives the new code") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::final_close> modules;
  CHECK(answer_of(modules.open(file)) == 42);
  folder.replace(file, "other_code");
  CHECK(answer_of(modules.open(file)) == 43);
  CHECK(modules.stats().loads == 2);
  CHECK(tenure_test::all_closed(modules.final_close()));
}

TEST_CASE("an active module whose file was replaced stays, and the new file is a module beside it") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module old = modules.open(file);
  folder.replace(file, "other_code");
  const tenure::module fresh = modules.open(other_spelling(file));
  CHECK(fresh != old);
  CHECK(answer_of(old) == 42);
  CHECK(answer_of(fresh) == 43);
  for (const tenure::module& m : {old, fresh})
    CHECK(modules.containing(reinterpret_cast<const void*>(m.symbol<int()>("answer").get())) == m);
  const auto report = modules.report();
  REQUIRE(report.size() == 2);
  int replaced = 0;
  for (const tenure::unload_entry& e : report) replaced += e.file_replaced ? 1 : 0;
  CHECK(replaced == 1);
}

TEST_CASE(
    "the very path under which an active module was opened gives the new code after its file was replaced") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module old = modules.open(file);
  CHECK(modules.open(file) == old);
  folder.replace(file, "other_code");
  const tenure::module fresh = modules.open(file);
  CHECK(fresh != old);
  CHECK(answer_of(fresh) == 43);
}

TEST_CASE("a module that is opened all the time is found replaced after some thousand opens at most") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module old = modules.open(file);
  for (int i = 0; i != 5000; ++i) CHECK(modules.open(file) == old);
  folder.replace(file, "other_code");
  int more = 0;
  while (modules.open(file) == old && more != 5000) ++more;
  CHECK(more <= 4096);
}

TEST_CASE("once the new file is loaded, no open by a name gives the old code, however often") {
  const scratch folder;
  fs::create_directory(folder.path("a folder of versions"));
  const std::string file =
      folder.copy("basic", "a folder of versions/versioned" + tenure_test::module_suffix());
  tenure::manager<tenure::policy::immediate> modules;
  modules.add_search_path(folder.path("a folder of versions"));
  const std::string names[] = {file, "versioned"};
  const tenure::module old = modules.open(file);
  for (const std::string& name : names)
    for (int i = 0; i != 100; ++i) CHECK(modules.open(name) == old);
  folder.replace(file, "other_code");
  tenure::module fresh = modules.open(file);
  for (int i = 0; i != 4096 && fresh == old; ++i) fresh = modules.open(file);
  CHECK(answer_of(fresh) == 43);
  for (const std::string& name : names)
    for (int i = 0; i != 200; ++i) CHECK(modules.open(name) == fresh);
  CHECK(answer_of(old) == 42);
  CHECK(modules.stats().loads == 2);
}

TEST_CASE(
    "a file that was replaced and is put back is the module that is loaded already, and told as current") {
  const scratch folder;
  fs::create_directory(folder.path("a folder of versions"));
  const std::string file =
      folder.copy("basic", "a folder of versions/versioned" + tenure_test::module_suffix());
  const std::string first = folder.path("first");
  const std::string second = folder.path("second");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module old = modules.open(file);
  const tenure::module again = old;
  fs::rename(fs::path(file), fs::path(first));
  CHECK(folder.copy("other_code", "a folder of versions/versioned" + tenure_test::module_suffix()) == file);
  const tenure::module fresh = modules.open(file);
  CHECK(answer_of(fresh) == 43);
  fs::rename(fs::path(file), fs::path(second));
  fs::rename(fs::path(first), fs::path(file));
  for (int i = 0; i != 200; ++i) CHECK(modules.open(file) == old);
  const auto report = modules.report();
  REQUIRE(report.size() == 2);
  for (const tenure::unload_entry& e : report) CHECK(e.file_replaced == (e.references == 1));
  CHECK(modules.stats().loads == 2);
}

TEST_CASE("a module that was opened without its decoration is found replaced as any other") {
  const scratch folder;
  const std::string file = folder.copy("basic", "plain" + tenure_test::module_suffix());
  const std::string plain = folder.path("plain");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module old = modules.open(plain);
  CHECK(modules.open(plain) == old);
  folder.replace(file, "other_code");
  CHECK(answer_of(modules.open(plain)) == 43);
}

TEST_CASE("a module whose file was deleted is still opened by its path while it is in use") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module old = modules.open(file);
  folder.take_away(file);
  CHECK(modules.open(file) == old);
}

TEST_CASE("the report tells of a replaced file even if nobody has opened the new one") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module old = modules.open(file);
  CHECK(!modules.report().begin()->file_replaced);
  folder.replace(file, "other_code");
  CHECK(modules.report().begin()->file_replaced);
}

// Windows' loader needs another name of the folder for each: its 8.3 name, where long names lead to it.
TEST_CASE("three versions of one file are loaded at once") {
  const scratch folder;
  fs::create_directory(folder.path("a folder of versions"));
  const std::string file = folder.copy("basic", "a folder of versions/versioned.so");
  tenure::manager<tenure::policy::immediate> modules;
  const tenure::module first = modules.open(file);
  folder.replace(file, "other_code");
  const tenure::module second = modules.open(other_spelling(file));
  folder.replace(file, "basic");
  const tenure::module third = modules.open(other_spelling(file, "././"));
  CHECK(answer_of(first) == 42);
  CHECK(answer_of(second) == 43);
  CHECK(answer_of(third) == 42);
  CHECK(first != third);
  CHECK(modules.stats().loads == 3);
}

TEST_CASE("a module whose file is gone from its place lives on, and its name is not found any more") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  tenure::manager<tenure::policy::final_close> modules;
  const tenure::weak_module weak = modules.open(file);
  folder.take_away(file);
  CHECK(answer_of(weak.lock()) == 42);
  tenure::failure why;
  CHECK(!modules.open(file, why));
  CHECK(why.code() == tenure::errc::file_not_found);
  CHECK(tenure_test::all_closed(modules.final_close()));
}

// What the tests above rest on: `replace` and `take_away` rename the loaded file first where this is so.
TEST_CASE("only Windows refuses to delete a loaded file and to rename another one to its place") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  const std::string other = folder.copy("other_code");
  const tenure::module m = tenure::manager<tenure::policy::immediate>().open(file);
  std::error_code code;
  fs::rename(other, file, code);
  CHECK(static_cast<bool>(code) == tenure_test::locks_loaded_files);
  fs::remove(file, code);
  CHECK(static_cast<bool>(code) == tenure_test::locks_loaded_files);
  CHECK(fs::exists(file) == tenure_test::locks_loaded_files);
  CHECK(answer_of(m) == 42);
}

TEST_CASE("the place of the new image is its own, without the old one's") {
  const scratch folder;
  const std::string file = folder.copy("basic");
  std::size_t bytes = 0;
  tenure::manager<weigh> modules{weigh(&bytes)};
  static_cast<void>(modules.open(file));
  const std::size_t usual = bytes;
  const tenure::pin idle = modules.open(file).pin(); // so that the loader answers with it first
  folder.replace(file, "basic");
  static_cast<void>(modules.open(file));
  CHECK(modules.stats().loads == 3);
  CHECK(bytes == usual);
}
