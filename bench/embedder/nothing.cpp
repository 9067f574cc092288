// What every program has.
int main() { return 0; }
