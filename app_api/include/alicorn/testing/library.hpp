// An app's shared object, opened for the test host, to test the built file instead of linked-in
// code. Include it in addition to alicorn/testing.hpp; the test's process.
#pragma once

#include "alicorn/testing/host.hpp"

#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace alicorn {
inline namespace app_v1 {

/// Never unloaded, as in a worker. Throws std::runtime_error if there is no such file or symbol.
class TestLibrary {
 public:
  explicit TestLibrary(const std::string& path, const char* symbol = "alicorn_app_entry") {
    void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* address = handle == nullptr ? nullptr : ::dlsym(handle, symbol);
    if (address == nullptr) throw std::runtime_error(::dlerror());
    entry_ = reinterpret_cast<TestHost::Entry>(address);
  }
  TestHost::Entry entry() const { return entry_; }

 private:
  TestHost::Entry entry_ = nullptr;
};

}  // namespace app_v1
}  // namespace alicorn
