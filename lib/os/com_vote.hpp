// COM's way to ask a module whether it may be unloaded: DllCanUnloadNow, where the system has such a thing.
#ifndef TENURE_LIB_OS_COM_VOTE_HPP
#define TENURE_LIB_OS_COM_VOTE_HPP

#include <cstdint>

namespace tenure::inline v1::os {

using com_vote_function = void(); // of whatever type the system gives it

// The module's own DllCanUnloadNow; null if it exports none, and where the system has no COM.
[[nodiscard]] com_vote_function* find_com_vote(void* handle) noexcept;

// The HRESULT that it returns: 0, S_OK, is "unload me", 1, S_FALSE, is "do not". May throw what the module
// throws.
[[nodiscard]] std::int32_t ask_com_vote(com_vote_function* vote);

} // namespace tenure::inline v1::os

#endif
