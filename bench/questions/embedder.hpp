// What does whoever embeds a library pay, in compile time and in code?
#ifndef TENURE_BENCH_QUESTIONS_EMBEDDER_HPP
#define TENURE_BENCH_QUESTIONS_EMBEDDER_HPP

#include "../speed/suite.hpp"

#include <string>

namespace bench {

// The headers alone: processor time of the compiler that built this program.
void ask_headers(suite& s);

// Small programs that open, call and report an error, over one that does nothing. `folder`: where they were
// built. Empty if all went well, else why there are no figures.
[[nodiscard]] std::string ask_code_size(suite& s, const std::string& folder);

} // namespace bench

#endif
