#include <QLibrary>

#include <cstdio>

int main(int, char** arguments) {
  QLibrary module(QString::fromLocal8Bit(arguments[1]));
  const QFunctionPointer found = module.resolve("tiny_fn");
  if (found == nullptr) {
    std::fprintf(stderr, "%s\n", qPrintable(module.errorString()));
    return 1;
  }
  const int answer = reinterpret_cast<int (*)(int)>(found)(1);
  module.unload();
  return answer;
}
