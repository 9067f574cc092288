// Opens that are to fail, each of which must name its file and leave nothing behind.
#ifndef TENURE_TEST_REFUSALS_HPP
#define TENURE_TEST_REFUSALS_HPP

#include "support/scratch.hpp"

#include <tenure/tenure.hpp>

#include <doctest/doctest.h>

#include <string>

namespace tenure_test {

struct refusals {
  scratch folder;
  std::string good = folder.copy("basic");
  tenure::manager<tenure::policy::immediate> modules;

  // The cause, from a message that names the file.
  tenure::errc open(const std::string& file) {
    tenure::failure why;
    CHECK(!modules.open(file, why));
    CHECK(std::string(why.what()).find(file) != std::string::npos);
    CHECK(std::string(why.path()) == file);
    CHECK(modules.report().empty());
    return why.code();
  }
  tenure::errc open(const std::string& name, const std::string& bytes) {
    return open(folder.write(name, bytes));
  }
};

} // namespace tenure_test

#endif
