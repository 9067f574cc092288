// No COM here.
#include "os/com_vote.hpp"

namespace tenure::inline v1::os {

com_vote_function* find_com_vote(void*) noexcept { return nullptr; }
std::int32_t ask_com_vote(com_vote_function*) { return 1; }

} // namespace tenure::inline v1::os
