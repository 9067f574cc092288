#include <Poco/Exception.h>
#include <Poco/SharedLibrary.h>

#include <cstdio>

int main(int, char** arguments) {
  try {
    Poco::SharedLibrary module(arguments[1]);
    const int answer = reinterpret_cast<int (*)(int)>(module.getSymbol("tiny_fn"))(1);
    module.unload();
    return answer;
  } catch (const Poco::Exception& e) {
    std::fprintf(stderr, "%s\n", e.displayText().c_str());
    return 1;
  }
}
