// The JWT service's cryptography as a command, for scripts that compare it with other libraries.
#include "jose/compact.hpp"
#include "jose/json.hpp"
#include "jose/key_ring.hpp"

#include <exception>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace jwt_auth {
namespace {

using Output = std::optional<std::string>;

/// The scripts compare a megabyte of numbers and strings in one call.
constexpr JsonLimits kToolLimits{64 << 20, 64, 1024};

Key load(const std::vector<std::string>& arguments, KeyUse use) {
  KeySource source;
  source.file = arguments.at(0);
  if (arguments.size() > 1) source.algorithm = arguments[1];
  return Key::load(source, "the key", use, "");
}

KeyRing ring(const std::vector<std::string>& arguments, KeyUse use) {
  KeyRing keys;
  keys.add(load(arguments, use));
  return keys;
}

const std::map<std::string,
               std::function<Output(const std::vector<std::string>&, const std::string&)>>
    kCommands = {
        {"sign",
         [](const auto& arguments, const auto& input) -> Output {
           return sign_compact(load(arguments, KeyUse::kSigning), input);
         }},
        {"verify",
         [](const auto& arguments, const auto& input) {
           return verify_compact(ring(arguments, KeyUse::kVerifying), input);
         }},
        {"encrypt",
         [](const auto& arguments, const auto& input) -> Output {
           return encrypt_compact(load(arguments, KeyUse::kEncrypting), input);
         }},
        {"decrypt",
         [](const auto& arguments, const auto& input) {
           return decrypt_compact(ring(arguments, KeyUse::kDecrypting), input);
         }},
        {"jwk",
         [](const auto& arguments, const auto&) -> Output {
           return dump_ascii(load(arguments, KeyUse::kVerifying).public_jwk());
         }},
        {"json",
         [](const auto&, const auto& input) -> Output {
           const auto object = parse_object(input, kToolLimits);
           return object ? Output(dump_ascii(*object)) : std::nullopt;
         }},
};

int run(const std::vector<std::string>& words) {
  const auto command = words.empty() ? kCommands.end() : kCommands.find(words[0]);
  if (command == kCommands.end()) {
    std::cerr << "usage: jose_tool sign|verify|encrypt|decrypt|jwk KEY_FILE [ALGORITHM] <INPUT\n"
                 "       jose_tool json <INPUT\n";
    return 2;
  }
  const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  const Output output = command->second({words.begin() + 1, words.end()}, input);
  if (!output) {
    std::cerr << "refused\n";
    return 1;
  }
  std::cout << *output;
  return 0;
}

}  // namespace
}  // namespace jwt_auth

int main(int argc, char** argv) {
  try {
    return jwt_auth::run({argv + 1, argv + argc});
  } catch (const std::exception& exception) {
    std::cerr << exception.what() << '\n';
    return 2;
  }
}
