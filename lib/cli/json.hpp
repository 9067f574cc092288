// What the subcommands' JSON has in common.
#ifndef TENURE_LIB_CLI_JSON_HPP
#define TENURE_LIB_CLI_JSON_HPP

#include "report.hpp"

#include <nlohmann/json_fwd.hpp>

namespace tenure::cli {

nlohmann::ordered_json as_json(const listed_symbol&);
std::string printed(const nlohmann::ordered_json&);

} // namespace tenure::cli

#endif
