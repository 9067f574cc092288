// A thread that runs a module's code and holds the module until that code has returned, in host code.
#ifndef TENURE_LIB_MODULE_THREAD_HPP
#define TENURE_LIB_MODULE_THREAD_HPP

#include <tenure/thread.hpp>

namespace tenure::inline v1::detail {

// Nobody waits for it. Takes over one reference on success. Errors: thread_not_started, module_shut_down,
// out_of_memory.
bool start_detached(record& held, void (*body)(void*), void* argument, failure& why) noexcept;

} // namespace tenure::inline v1::detail

#endif
