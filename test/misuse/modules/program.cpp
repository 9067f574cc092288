// A program, and the member of an archive: a file that is no module.
int main() { return 0; }
