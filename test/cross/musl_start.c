/* A program for musl in two halves; test/cross/zig says why. This file is compiled into both. */
int tenure_program(int argc, char** argv);

#ifdef TENURE_PROGRAM_IS_A_LIBRARY
/* Hidden, so that the library's `main` is its own and not the program's; so it wants another name to be called by. */
__attribute__((visibility("hidden"))) int main(int argc, char** argv);
__attribute__((visibility("default"))) int tenure_program(int argc, char** argv) { return main(argc, argv); }
#else
int main(int argc, char** argv) { return tenure_program(argc, argv); }
#endif
