// What the system says of a thread, and when.
#include "os/os.hpp"

#include <doctest/doctest.h>

#include <thread>

TEST_CASE("a thread that has been joined has ended, also where the system still lists it") {
  int still_alive = 0;
  for (int i = 0; i != 2000; ++i) { // of a thousand joins, ten to seventy are that early
    std::uint64_t number = 0;
    std::thread thread([&] { number = tenure::os::this_thread_number(); });
    thread.join();
    still_alive += tenure::os::thread_has_ended(number) ? 0 : 1;
  }
  CHECK(still_alive == 0);
  CHECK(!tenure::os::thread_has_ended(tenure::os::this_thread_number()));
}
