// A thread-local variable in the loader's fixed room.
__attribute__((tls_model("initial-exec"))) static thread_local int variable = 42;

extern "C" __attribute__((visibility("default"))) int answer() { return variable; }
