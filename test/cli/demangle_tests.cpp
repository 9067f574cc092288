// Names become words; a name that stands for a terabyte of them stays as it is.
#include "cli/demangle.hpp"
#include "cli/mangled.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using tenure::cli::bound_of_demangled;
using tenure::cli::demangle;

std::string reference(int number) {
  if (number == 0) return "S_";
  std::string digits;
  for (int rest = number - 1; digits.empty() || rest != 0; rest /= 36)
    digits.insert(digits.begin(), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest % 36]);
  return "S" + digits + "_";
}

// f(a, b<a, a>, b<b<a, a>, b<a, a>>, ...): each parameter is twice the one before.
std::string doubling(int times) {
  std::string name = "_Z1f1a1bIS_S_E";
  for (int i = 0; i != times; ++i) name += reference(1) + "I" + reference(i + 2) + reference(i + 2) + "E";
  return name;
}

// f(void (*)(…)): functions of functions, each with the one before twice, and in a pack if that is wanted,
// which is searched without a word being written.
std::string nesting(int times, bool pack) {
  std::string body = "1a";
  for (int i = 0; i != times; ++i) body = "Fv" + body + reference(i) + "E";
  return (pack ? "_Z1fDp" : "_Z1f") + body;
}

} // namespace

TEST_CASE("names of C++ become words, and others stay") {
#if __has_include(<cxxabi.h>)
  CHECK(demangle("_ZNK4shop7counter5countEPKcl") == "shop::counter::count(char const*, long) const");
  CHECK(demangle("__ZN4shop7counterC1Ev") == "shop::counter::counter()");
  CHECK(demangle(doubling(1)) == "f(a, b<a, a>, b<b<a, a>, b<a, a> >)");
#endif
  for (const char* name : {"", "main", "_Z", "_ZN", "_Z1", "_ZNK", "__Z", "_Z999999999999999999999a"})
    CHECK(demangle(name) == name);
}

TEST_CASE("a name whose words double with each part stays as it is") {
  for (int times : {14, 20, 30, 60, 300}) {
    CHECK(demangle(doubling(times)) == doubling(times));
    CHECK(demangle(nesting(times, false)) == nesting(times, false));
    CHECK(demangle(nesting(times, true)) == nesting(times, true));
  }
}

TEST_CASE("so does one with doublings in a part that is not measured") {
  const auto name = "_Z1fIiEDTcl1gtlT_EEE" + doubling(30).substr(4);
  CHECK(demangle(name) == name);
}

// GCC 12's demangler reads the constructor behind the "sr" again and again; a file may hold the name on
// purpose.
TEST_CASE("a name that a demangler never comes back from stays as it is") {
  for (const char* name : {"_Z1fIXsr1aC9EEvv", "_ZN1fIXsr1aC9EE1gE"}) CHECK(demangle(name) == name);
}

TEST_CASE("so does one of conversions in conversions, which a demangler reads twice for each") {
  std::string name = "1b";
  for (int i = 0; i != 40; ++i) name = "N1acvT_I" + name + "EE";
  name = "_Z" + name + "v";
  CHECK(demangle(name) == name);
#if __has_include(<cxxabi.h>)
  CHECK(demangle("_ZN1acvT_I1bEEv") == "a::operator b<b>()");
#endif
}

TEST_CASE("the bound is no smaller than the words") {
  for (const char* name :
       {"_ZNSt3mapISsSt6vectorIiSaIiEESt4lessISsESaISt4pairIKSsS2_EEEixERS6_", "_ZNKSt8functionIFvvEEclEv",
        "_ZN3fmt2v96detail18fallback_formatterINS0_17basic_string_viewIcEEcvEC1Ev",
        "_ZTVN10__cxxabiv117__class_type_infoE", "_ZZN4shop7counterEvE5saved",
        "_ZN4shop4emitIJidPKcEEEvDpOT_", "_ZN4shop4nameB5cxx11Ev"}) {
    const auto bound = bound_of_demangled(name);
    REQUIRE(bound);
    CHECK(*bound >= demangle(name).size());
    CHECK(*bound < 4096);
  }
}

TEST_CASE("a name that is cut off or nested without end is measured in no time") {
  const auto name = doubling(20);
  for (std::size_t size = 0; size < name.size(); ++size) static_cast<void>(demangle(name.substr(0, size)));
  for (const char* part : {"N", "P", "F", "1aI", "Z", "Dp", "Ul", "M", "A_", "L"}) {
    std::string deep = "_Z1f";
    while (deep.size() < 4000) deep += part;
    CHECK(demangle(deep) == deep);
  }
}

TEST_CASE("a file's names together become no more text than memory holds") {
  tenure::cli::demangler all;
  const std::string name = doubling(9); // some 10,000 characters
  std::size_t in_words = 0, length = 0;
  for (int i = 0; i != 60'000; ++i) {
    const auto text = all(name);
    in_words += text != name ? 1 : 0, length += text.size();
  }
#if __has_include(<cxxabi.h>)
  CHECK(in_words > 1000);
#endif
  CHECK(length < std::size_t{300} << 20);
}
