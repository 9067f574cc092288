// A plug-in that offers one codec, and says so in its file.
#include "scenarios/parts/codec.hpp"

#include <tenure/plugin.hpp>

namespace {
using my_interface = codec_of<CODEC_INTERFACE>;
class my_codec final : public my_interface, tenure::plugin::counted<> {
  int version() override { return CODEC_VERSION; }
  const char* module_name() override { return CODEC_NAME; }
};
} // namespace

TENURE_PLUGIN(CODEC_NAME, "1.0", "nobody", "Offers a codec", 0);
TENURE_PLUGIN_LIFE(tenure::plugin::accept, tenure::plugin::nothing)
TENURE_PLUGIN_FACTORIES(tenure::plugin::factory_row<my_interface, my_codec>(CODEC_NAME, CODEC_VERSION,
                                                                            CODEC_MATCH))
