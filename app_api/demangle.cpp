#include "app_api/demangle.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <cstring>

#include <demangle.h>

namespace alicorn {
namespace {

/// Reading a name takes stack in proportion to its length.
constexpr std::size_t kNameMax = 1'024;

struct Target {
  char* text;
  std::size_t size;
  std::size_t used;
};

void append(const char* part, std::size_t size, void* opaque) {
  auto& target = *static_cast<Target*>(opaque);
  const std::size_t taken = std::min(size, target.size - 1 - target.used);
  std::memcpy(target.text + target.used, part, taken);
  target.used += taken;
}

/// The Rust demangler needs memory for Punycode.
bool may_allocate(const char* name) {
  if (std::strncmp(name, "_R", 2) != 0) return false;
  for (const char* at = name; *at != '\0'; ++at) {
    if (at[0] == 'u' && is_digit(at[1])) return true;  // the start of a Punycode identifier
  }
  return false;
}

bool append_demangled(const char* name, Target& target) {
  constexpr int kWithoutArguments = DMGL_ANSI;  // the arguments' types would fill the line
  if (std::strlen(name) > kNameMax || may_allocate(name)) return false;
  if (rust_demangle_callback(name, 0, append, &target) != 0) return true;
  target.used = 0;
  return cplus_demangle_v3_callback(name, kWithoutArguments, append, &target) != 0;
}

}  // namespace

void demangle(const char* name, char* text, std::size_t size) noexcept {
  Target target{.text = text, .size = size, .used = 0};
  if (!append_demangled(name, target)) {
    target.used = 0;
    append(name, std::strlen(name), &target);
  }
  text[target.used] = '\0';
}

}  // namespace alicorn
