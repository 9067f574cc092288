// What only we are asked, or are asked in our own words.
#ifndef TENURE_BENCH_QUESTIONS_OURS_HPP
#define TENURE_BENCH_QUESTIONS_OURS_HPP

#include "../speed/module_files.hpp"
#include "../speed/suite.hpp"
#include "beside_loads.hpp"

namespace bench {

// Each in the process of the peers that are asked the same.
void ask_ours_together(suite& s, module_files& files);
void ask_ours_alone(suite& s, module_files& files); // pre: the process has one thread
void ask_ours_thousand(suite& s, module_files& files, const std::vector<std::string>& resident);
void ask_ours_beside_loads(suite& s, module_files& files, loading_pace pace);
void ask_ours_scale(suite& s, const std::vector<std::string>& resident);
void ask_threads(suite& s, module_files& files, unsigned most);
void ask_idle_share(suite& s, const std::vector<std::string>& files);
void ask_sweep(suite& s, const std::vector<std::string>& files);
[[nodiscard]] double our_heap_bytes(const std::vector<std::string>& files);

// One question each, of the above.
void ask_our_copies(suite& s, module_files& files);
void ask_our_calls(suite& s, module_files& files);
void ask_our_objects(suite& s, module_files& files);
void ask_plugin_builds(suite& s, module_files& files);

} // namespace bench

#endif
