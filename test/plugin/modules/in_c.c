/* A plug-in in plain C. */
#include <tenure/plugin.h>

TENURE_PLUGIN("in_c", "2.0", "nobody", "A plug-in in plain C", TENURE_PLUGIN_SINGLE_THREADED);

TENURE_PLUGIN_CATALOG(2, {"org.example.codec", "in_c", "audio/c", 1, 7, sizeof(void*)},
                      {"org.example.other", "in_c_too", "", 4, 1, 16});

typedef char the_rows_are_as_documented[sizeof(tenure_implementation) == 256 ? 1 : -1];
typedef char the_layout_is_as_documented[sizeof(tenure_plugin_information) == 384 ? 1 : -1];

static const tenure_host* my_host;
static int objects;

TENURE_PLUGIN_EXPORT tenure_answer tenure_loaded(const tenure_host* host, char* message, size_t size);
TENURE_PLUGIN_EXPORT tenure_answer tenure_can_unload(void);
TENURE_PLUGIN_EXPORT void tenure_unloading(const tenure_host* host);
TENURE_PLUGIN_EXPORT void more(int n);
TENURE_PLUGIN_EXPORT int hold_myself(void);
TENURE_PLUGIN_EXPORT void let_myself_go(void);

tenure_answer tenure_loaded(const tenure_host* host, char* message, size_t size) {
  (void)message, (void)size;
  if (host->size < sizeof(tenure_host)) return TENURE_NO;
  my_host = host;
  return TENURE_YES;
}
tenure_answer tenure_can_unload(void) { return objects == 0 ? TENURE_YES : TENURE_NO; }
void tenure_unloading(const tenure_host* host) {
  if (my_host == host) my_host = 0;
}
void more(int n) { objects += n; }
int hold_myself(void) { return my_host->hold(my_host) == TENURE_YES; }
void let_myself_go(void) { my_host->drop(my_host); }
