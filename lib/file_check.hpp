// The look at a file before the system's loader sees it.
#ifndef TENURE_LIB_FILE_CHECK_HPP
#define TENURE_LIB_FILE_CHECK_HPP

#include <tenure/failure.hpp>
#include <tenure/options.hpp>

#include <string>

namespace tenure::inline v1::detail {

// False with `why` set if the file is not a whole module of this machine.
bool check_file(const std::string& path, file_check level, failure& why);

} // namespace tenure::inline v1::detail

#endif
