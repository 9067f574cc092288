// A thread-local variable in the loader's fixed room.
__attribute__((tls_model("initial-exec"))) thread_local volatile int variable = 42; // no compiler knows better

extern "C" __attribute__((visibility("default"))) int answer() { return variable; }
