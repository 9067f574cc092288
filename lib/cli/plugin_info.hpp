// What a plug-in of Tenure says of itself, read from its file.
#ifndef TENURE_LIB_CLI_PLUGIN_INFO_HPP
#define TENURE_LIB_CLI_PLUGIN_INFO_HPP

#include "image/image.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tenure::cli {

struct plugin_info {
  std::string name, version, author, description;
  std::uint32_t api_version = 0, flags = 0;
  std::vector<std::string> offers; ///< "org.example.decoder 3: flac 1 (audio/flac|audio/x-flac)"
};

/// Empty if the library has no such object, or one that does not begin as <tenure/plugin.h> says.
std::optional<plugin_info> read_plugin_info(const image::facts&);

} // namespace tenure::cli

#endif
