// Keeps a pointer in its own data.
#if defined(_WIN32)
#  define KEEPER_EXPORT extern "C" __declspec(dllexport)
#else
#  define KEEPER_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace {
void* kept[4];
}

KEEPER_EXPORT void keep(int place, void* what) { kept[place] = what; }
KEEPER_EXPORT void* give_back(int place) {
  void* const what = kept[place];
  kept[place] = nullptr;
  return what;
}
