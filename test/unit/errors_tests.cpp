// Errors as values, codes and exceptions: one cause, told the same way by each.
#include "support/closed.hpp"
#include "support/scratch.hpp"

#include <tenure/format.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <type_traits>

using tenure::errc;

static_assert(std::is_error_code_enum_v<errc>);
static_assert(std::is_nothrow_copy_constructible_v<tenure::error>);
static_assert(std::is_nothrow_copy_constructible_v<tenure::failure>);
static_assert(std::is_nothrow_move_constructible_v<tenure::failure>);
static_assert(!std::is_convertible_v<tenure::failure, bool>);
static_assert(std::is_base_of_v<std::system_error, tenure::error>);

namespace {

constexpr errc all_causes[] = {errc::ok,
                               errc::path_empty,
                               errc::path_contains_nul,
                               errc::path_too_long,
                               errc::path_not_utf8,
                               errc::file_not_found,
                               errc::permission_denied,
                               errc::not_a_regular_file,
                               errc::file_empty,
                               errc::file_truncated,
                               errc::file_damaged,
                               errc::not_a_shared_library,
                               errc::foreign_machine,
                               errc::file_unreadable,
                               errc::old_image_still_mapped,
                               errc::private_copy_failed,
                               errc::dlopen,
                               errc::dlopen_unknown,
                               errc::missing_dependency,
                               errc::undefined_symbol,
                               errc::static_tls_exhausted,
                               errc::initializer_threw,
                               errc::dlclose,
                               errc::dlclose_unknown,
                               errc::unsupported,
                               errc::symbol_not_found,
                               errc::api_incomplete,
                               errc::factory_returned_null,
                               errc::symbol_kind_mismatch,
                               errc::finalizer_threw,
                               errc::loader_blocked,
                               errc::trial_failed,
                               errc::refused_by_module,
                               errc::api_version_mismatch,
                               errc::not_loaded,
                               errc::module_is_loading,
                               errc::module_is_closing,
                               errc::manager_closed,
                               errc::empty_handle,
                               errc::no_module_at_address,
                               errc::already_registered,
                               errc::foreign_handle,
                               errc::out_of_memory,
                               errc::thread_not_started};

// A failure as users get one: from an open that fails.
tenure::failure some_failure() {
  tenure::manager<> modules;
  tenure::failure why;
  static_cast<void>(modules.open("/no/such/folder/module", why));
  return why;
}

} // namespace

TEST_CASE("every cause has a message of its own, and a category named tenure") {
  std::set<std::string> messages;
  for (const errc cause : all_causes) {
    const std::error_code code = cause;
    CHECK(code.category() == tenure::category());
    CHECK(messages.insert(code.message()).second);
  }
  CHECK(std::string(tenure::category().name()) == "tenure");
  CHECK(!std::error_code(errc::ok));
}

TEST_CASE("messages say what to do, in words that the caller can follow") {
  tenure::manager<> modules;
  tenure::failure why;
  const auto says = [&](const char* words) {
    return std::string(why.what()).find(words) != std::string::npos;
  };
  static_cast<void>(modules.open("/no/such/folder/module", why));
  CHECK(says("/no/such/folder/module"));
  CHECK(says("is the path right?"));
  CHECK(std::string(why.call()) != "");
  CHECK(std::string(why.system_text()) != "");
  static_cast<void>(modules.open("no_such_module", why));
  CHECK(says("in the search path?"));
  CHECK(std::string(why.system_text()) != "");
  static_cast<void>(modules.adopt(&modules, why));
  CHECK(says("not a handle of the system's loader: 0x"));
  CHECK(says("dlopen or LoadLibrary"));
  static_cast<void>(modules.containing(&modules, why));
  CHECK(says("no module contains this address: 0x"));
  CHECK(says("of a module that is loaded"));
}

TEST_CASE("a value that is no cause has a message all the same") {
  CHECK(!tenure::category().message(12'345).empty());
}

TEST_CASE("failure, error_code and exception tell the same") {
  const tenure::failure why = some_failure();
  tenure::manager<> modules;
  std::error_code code;
  CHECK(!modules.open("/no/such/folder/module", code));
  CHECK(code == why.code());
  try {
    static_cast<void>(modules.open("/no/such/folder/module"));
    FAIL("no error");
  } catch (const tenure::error& e) {
    CHECK(e.code() == code);
    CHECK(std::string(e.what()) == why.what());
    CHECK(std::string(e.why().path()) == why.path());
  }
}

TEST_CASE("a success clears what an earlier failure left in the sink") {
  const tenure_test::scratch folder;
  tenure::manager<> modules;
  tenure::failure why = some_failure();
  std::error_code code = errc::dlopen;
  const std::string file = folder.copy("basic");
  CHECK(modules.open(file, why));
  CHECK(modules.open(file, code));
  CHECK(!why);
  CHECK(!code);
}

TEST_CASE("copies of a failure share its text, and outlive each other") {
  tenure::failure original = some_failure();
  const std::string text = original.what();
  const tenure::failure copy = original;
  CHECK(copy.what() == original.what()); // the very same characters
  original = tenure::failure();
  CHECK(copy.what() == text);
  const tenure::error thrown(copy);
  const tenure::error copied = thrown;
  CHECK(copied.what() == thrown.what());
}

TEST_CASE("a failure that was moved from is empty, and can be used again") {
  tenure::failure from = some_failure();
  tenure::failure to = std::move(from);
  CHECK(to.code() == errc::file_not_found);
  CHECK(!from); // NOLINT(bugprone-use-after-move): what is tested
  CHECK(from.code() == errc::ok);
  CHECK(std::string(from.path()).empty());
  from = to;
  CHECK(from.what() == to.what());
  tenure::failure& alias = from;
  from = alias;
  CHECK(from.code() == errc::file_not_found);
}

TEST_CASE("a failure that never happened answers every question") {
  const tenure::failure none;
  CHECK(!none);
  CHECK(std::string(none.what()) == "success");
  for (const char* const text : {none.path(), none.missing(), none.call(), none.system_text()})
    CHECK(std::string(text).empty());
  CHECK(none.system_code() == 0);
}

TEST_CASE("modules, failures, errors and reports can be formatted") {
  const tenure_test::scratch folder;
  tenure::manager<tenure::policy::final_close> modules;
  CHECK(fmt::format("{}", modules.report()) == "no modules");
  tenure::module m = modules.open(folder.copy("basic"));
  CHECK(fmt::format("{}", m) == m.path());
  CHECK(fmt::format("{:>20}", tenure::module()) == "         (no module)");
  const std::string path = m.path();
  CHECK(fmt::format("{}", modules.report()) == path + ": busy, 1 reference: references to it are alive");
  m.reset();
  CHECK(fmt::format("{}", modules.report()) == path + ": idle: the policy keeps it");
  const std::string closed = fmt::format("{}", modules.final_close());
  if (tenure_test::loader_unmaps())
    CHECK(closed == path + ": gone");
  else
    CHECK(closed.find(path + ": lingering (loader_never_unloads): ") == 0);
  const tenure::failure why = some_failure();
  CHECK(fmt::format("{}", why) == why.what());
  CHECK(fmt::format("{}", tenure::error(why)) == why.what());
}

TEST_CASE("an error outlives the manager and the module that it tells of") {
  const tenure_test::scratch folder;
  tenure::failure why;
  {
    tenure::manager<tenure::policy::immediate> modules;
    static_cast<void>(modules.open(folder.copy("basic")).symbol<int()>("absent", why));
  }
  CHECK(why.code() == errc::symbol_not_found);
  CHECK(std::string(why.missing()) == "absent");
}
