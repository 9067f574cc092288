// error: (deleted|use of deleted function)
#include <tenure/manager.hpp>

void copy(tenure::manager<>& modules) { auto other = modules; }
