/* A program for musl in two halves; test/cross/zig says why. This file is compiled into both. */
int tenure_program(int argc, char** argv);
int main(int argc, char** argv);

#ifdef TENURE_PROGRAM_IS_A_LIBRARY
/* With hidden visibility `main` is no name that another file can link to. */
__attribute__((visibility("default"))) int tenure_program(int argc, char** argv) { return main(argc, argv); }
#else
int main(int argc, char** argv) { return tenure_program(argc, argv); }
#endif
