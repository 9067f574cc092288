#include "copy.hpp"

#include "../peers/tenure.hpp"
#include "floors.hpp"
#include "ours.hpp"

namespace bench {

void ask_our_copies(suite& s, module_files& files) {
  const std::string file = files.copy("tiny"), other = files.copy("tiny");
  ask_copy(s, plain_name, role::ours, tenure_default(file).held());
  ask_copy(s, striped_name, role::ours, tenure_striped(other).held());
  ask_copy(s, "std::shared_ptr", role::peer, std::make_shared<int>(1));
  s.add("copy", "locked add, subtract", role::floor, locked_pair);
  s.add("copy, two threads", "locked add, subtract", role::floor, locked_pair, {.threads = 2});
}

void ask_threads(suite& s, module_files& files, unsigned most) {
  prepare<tenure_default>();
  prepare<tenure_striped>();
  const auto exact = std::make_shared<tenure_default>(files.copy("tiny"));
  const auto striped = std::make_shared<tenure_striped>(files.copy("tiny"));
  for (unsigned threads = 1; threads <= most; threads *= 2) {
    const how h{.threads = threads};
    s.add(threads_question("copy", threads), plain_name, role::ours, copy_and_drop(exact->held()), h);
    s.add(threads_question("copy", threads), striped_name, role::ours, copy_and_drop(striped->held()), h);
    s.add(threads_question("copy", threads), "std::shared_ptr", role::peer,
          copy_and_drop(std::make_shared<int>(1)), h);
  }
  s.run(); // while they live
}

} // namespace bench
