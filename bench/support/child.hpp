// A piece of work in a process of its own: what it loads, loses or breaks ends with it.
#ifndef TENURE_BENCH_SUPPORT_CHILD_HPP
#define TENURE_BENCH_SUPPORT_CHILD_HPP

#include <chrono>
#include <functional>
#include <string>

namespace bench {

struct child_result {
  std::string answer;     // what the body returned
  bool completed = false; // it returned, and all of it arrived
  std::string trouble;    // else: "killed by signal 11 (Segmentation fault)", "took more than 2 s"
};

// Runs `body` in a child and waits for it; calls `meanwhile` about ten times a second.
// What it prints goes to the end of `log`. Pre: this process has one thread.
[[nodiscard]] child_result run_child(const std::function<std::string()>& body,
                                     std::chrono::milliseconds limit, const std::string& log,
                                     const std::function<void()>& meanwhile);

} // namespace bench

#endif
