// The Windows port's clock and exit.
#include "os/os.hpp"
#include "windows_support.hpp"

#include <doctest/doctest.h>

TEST_CASE("the clock never runs backwards and counts nanoseconds") {
  const tenure::time_point before = tenure::os::now();
  const ULONGLONG start = GetTickCount64(); // in milliseconds, advanced by some 16 at a time
  tenure::time_point last = before;
  bool backwards = false;
  while (GetTickCount64() < start + 40) {
    const tenure::time_point now = tenure::os::now();
    backwards = backwards || now < last;
    last = now;
  }
  CHECK(!backwards);
  const tenure::duration passed = tenure::os::now() - before;
  CHECK(passed >= tenure::milliseconds(20));
  CHECK(passed < tenure::seconds(20));
}

TEST_CASE("the process is not exiting while it runs") {
  tenure::os::watch_exit();
  tenure::os::watch_exit();
  CHECK(!tenure::os::is_exiting());
}
