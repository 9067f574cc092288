// Symbols as they are listed, and interfaces that are looked for among them.
#ifndef TENURE_LIB_CLI_SYMBOL_LIST_HPP
#define TENURE_LIB_CLI_SYMBOL_LIST_HPP

#include "report.hpp"

namespace tenure::cli {

std::string_view name_of(image::symbol_kind) noexcept;

/// In the order of their names.
std::vector<listed_symbol> list_symbols(const std::vector<image::symbol>&, bool demangled);

/// One symbol a line, as the file has it or as C++ writes it; empty lines and what follows a # are left out.
/// False with `error` if the file cannot be read.
bool read_interface(const std::string& path, std::vector<std::string>& into, std::string& error);

/// Those of `wanted` that the library does not export.
std::vector<std::string> find_lacking(const std::vector<std::string>& wanted, const image::facts&);

} // namespace tenure::cli

#endif
