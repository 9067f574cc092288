// A plug-in of another time: built for an API that this host does not speak.
#include <tenure/plugin.h>

TENURE_PLUGIN_EXPORT const tenure_plugin_information tenure_plugin_info;
const tenure_plugin_information tenure_plugin_info = {
    TENURE_PLUGIN_MAGIC, OTHER_VERSION, OTHER_SIZE, 0, 0, "other", "1", "nobody", "Of another time"};

namespace {
volatile int called = 0;
}

TENURE_PLUGIN_EXPORT tenure_answer tenure_loaded(const tenure_host*, char*, size_t) {
  called = *static_cast<volatile int*>(nullptr); // nobody may call this
  return TENURE_YES;
}
