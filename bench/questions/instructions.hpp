// How many instructions does a hot path have? Counted by callgrind, so the machine's load does not matter.
#ifndef TENURE_BENCH_QUESTIONS_INSTRUCTIONS_HPP
#define TENURE_BENCH_QUESTIONS_INSTRUCTIONS_HPP

#include "../speed/module_files.hpp"
#include "../speed/suite.hpp"

#include <string>

namespace bench {

// Does each hot path many times and tells callgrind where it begins and ends. For a process that callgrind
// runs.
void walk_hot_paths(module_files& files);

// Runs this program under callgrind and reads what it wrote. Empty if all went well, else why there are no
// figures. `modules`: as module_files takes it.
[[nodiscard]] std::string ask_instructions(suite& s, const std::string& modules);

} // namespace bench

#endif
