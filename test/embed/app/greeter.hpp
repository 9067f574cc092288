// What the application and its plug-ins agree on.
#ifndef EMBED_GREETER_HPP
#define EMBED_GREETER_HPP

class greeter {
public:
  virtual ~greeter() = default;
  virtual const char* greeting() const = 0;
};

#endif
