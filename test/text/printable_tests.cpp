// No file's name writes on a terminal, whoever prints it.
#include <tenure/detail/printable.hpp>
#include <tenure/format.hpp>
#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <iterator>
#include <string>

namespace {

const std::string evil = "lib\x1b[31m\nevil\u202eos.so\u009b2J\xff";
const std::string shown = R"(lib\x1b[31m\x0aevil\u202eos.so\u009b2J\xff)";

std::string printable(std::string_view text) {
  std::string out;
  tenure::detail::write_printable(text.data(), text.size(), std::back_inserter(out));
  return out;
}

bool obeys_nothing(std::string_view text) { return printable(text) == text; }

} // namespace

TEST_CASE("what people can read stays as it is") {
  for (const char* text :
       {"", "plugins/libflac.so", "a b~", "C:\\x1b", "libümläut 运行.so", "\U0001f40d", "\u00a0", "\u2014"})
    CHECK(printable(text) == text);
}

TEST_CASE("controls of one byte and of two, and what turns the direction of text, are escaped") {
  CHECK(printable(evil) == shown);
  CHECK(printable(std::string_view("\0\t\x7f", 3)) == R"(\x00\x09\x7f)");
  CHECK(printable("\u0080\u009f\u061c\u200f\u2028\u2066\u2069") ==
        R"(\u0080\u009f\u061c\u200f\u2028\u2066\u2069)");
}

TEST_CASE("bytes that are no UTF-8 are escaped one by one") {
  CHECK(printable("\x80\x9b") == R"(\x80\x9b)");
  CHECK(printable("\xc0\xaf") == R"(\xc0\xaf)");                 // overlong
  CHECK(printable("\xe0\x80\xaf") == R"(\xe0\x80\xaf)");         // overlong
  CHECK(printable("\xed\xa0\x80") == R"(\xed\xa0\x80)");         // a surrogate
  CHECK(printable("\xf4\x90\x80\x80") == R"(\xf4\x90\x80\x80)"); // too high
  CHECK(printable("\xe2\x82") == R"(\xe2\x82)");                 // cut off
  CHECK(printable("\xf0\x9f\x90") == R"(\xf0\x9f\x90)");
  CHECK(printable("\xe2\x82"
                  "a") == R"(\xe2\x82)"
                          "a");
}

TEST_CASE("all texts for people have it, and a failure's particulars are as they were") {
  tenure::manager<> modules;
  tenure::failure why;
  const std::string path = "/nowhere/" + evil;
  REQUIRE(!modules.open(path, why));
  CHECK(obeys_nothing(why.what()));
  CHECK(obeys_nothing(fmt::format("{}", why)));
#if !defined(_WIN32) // there a path is UTF-8
  CHECK(std::string(why.path()) == path);
  CHECK(std::string(why.what()).starts_with("/nowhere/" + shown + ": "));
#endif

  tenure::unload_entry entry;
  entry.path = entry.detail = evil.c_str();
  CHECK(fmt::format("{}", entry) == shown + ": gone: " + shown);
  tenure::holder by;
  by.text = evil.c_str();
  CHECK(fmt::format("{:>60}|", by) == std::string(60 - shown.size(), ' ') + shown + '|');
}
