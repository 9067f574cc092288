// limit_idle_bytes<Inner, Bytes>: what Inner keeps, but never more idle address space than Bytes.
#include "policies/fixture.hpp"
#include "support/virtual_clock.hpp"
#include "support/weigh.hpp"

#include <tenure/policies/final_close.hpp>
#include <tenure/policies/keep_warm.hpp>
#include <tenure/policies/limit_idle_bytes.hpp>

#include <doctest/doctest.h>

#include <vector>

using tenure::policy::limit_idle_bytes;
using tenure_test::fixture;
using tenure_test::weigh;

namespace {

// Every test module is one source, so all are of one size.
std::size_t module_size() {
  std::size_t bytes = 0;
  fixture<weigh> f{weigh(&bytes), {}};
  f.open_and_release(f.a);
  return bytes;
}

constexpr std::size_t kilobyte = 1024;

// A limit is part of the policy's type, and a module weighs from 16 KiB to 192 KiB: that is the compiler's,
// the sanitizer's and the page size's affair. Calls `claim` with the smallest limit that three modules fit
// into.
template <std::size_t Limit = 64 * kilobyte, class Claim> void with_fitting_limit(Claim&& claim) {
  const std::size_t size = module_size();
  REQUIRE(size >= 4 * kilobyte); // it has pages
  const std::size_t fit = Limit / size;
  if (fit >= 3)
    claim.template operator()<Limit>(fit);
  else if constexpr (Limit < 4096 * kilobyte)
    with_fitting_limit<2 * Limit>(claim);
  else
    FAIL("a test module that is as large as this is none of ours");
}

std::string numbered_copy(const tenure_test::scratch& folder, std::size_t number) {
  return folder.copy("basic", "copy" + std::to_string(number) + ".so");
}

} // namespace

TEST_CASE("what is idle stays within the limit, and the oldest go first") {
  with_fitting_limit([]<std::size_t Limit>(std::size_t fit) {
    fixture<limit_idle_bytes<tenure::policy::final_close, Limit>> f;
    std::vector<std::string> files;
    for (std::size_t i = 0; i != fit + 2; ++i) files.push_back(numbered_copy(f.folder, i));
    for (std::size_t i = 0; i != fit; ++i) f.open_and_release(files[i]);
    CHECK(f.modules.stats().closes == 0);
    f.open_and_release(files[fit]);
    CHECK(f.modules.stats().closes == 1);
    CHECK(!f.loaded(files[0]));
    CHECK(f.loaded(files[1]));
    f.open_and_release(files[fit + 1]);
    CHECK(!f.loaded(files[1]));
    CHECK(f.modules.stats().closes == 2);
  });
}

TEST_CASE("modules in use weigh nothing, and a revived one gives its room back") {
  with_fitting_limit([]<std::size_t Limit>(std::size_t fit) {
    fixture<limit_idle_bytes<tenure::policy::final_close, Limit>> f;
    std::vector<tenure::module> held;
    for (std::size_t i = 0; i != 2 * fit; ++i) held.push_back(f.modules.open(numbered_copy(f.folder, i)));
    CHECK(f.modules.stats().closes == 0);
    for (int i = 0; i != 100; ++i) f.open_and_release(f.a);
    CHECK(f.modules.stats().closes == 0);
    CHECK(f.loaded(f.a));
  });
}

TEST_CASE("a module that is larger than the limit is not kept") {
  fixture<limit_idle_bytes<tenure::policy::final_close, 1>> f;
  f.open_and_release(f.a);
  CHECK(!f.loaded(f.a));
  CHECK(f.modules.stats().lingers == static_cast<std::uint64_t>(tenure_test::left_behind(1)));
}

TEST_CASE("within the limit the inner policy's own rules hold") {
  tenure_test::virtual_clock clock;
  fixture<limit_idle_bytes<tenure::policy::keep_warm<2, tenure::seconds(4)>, 1024 * kilobyte>> f{clock.options()};
  for (const std::string& file : {f.a, f.b, f.c}) f.open_and_release(file);
  CHECK(!f.loaded(f.a));
  CHECK(f.loaded(f.b));
  CHECK(f.modules.next_due() == clock.now() + tenure::seconds(4));
  clock.advance(tenure::seconds(4));
  CHECK(tenure_test::all_closed(f.modules.sweep()));
  CHECK(!f.loaded(f.b));
  CHECK(!f.loaded(f.c));
}
