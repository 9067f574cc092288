// A plug-in that does not want to be loaded.
#include <windows.h>

BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void*) { return reason != DLL_PROCESS_ATTACH; }
