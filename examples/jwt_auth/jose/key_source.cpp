#include "jose/key_source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include <unistd.h>

namespace jwt_auth {
namespace {

bool is_one_of(char character, std::string_view characters) {
  return characters.find(character) != std::string_view::npos;
}

/// "${KEY}", "$KEY" and "{{ key }}": a deployment tool should have replaced them.
bool is_placeholder(std::string_view text) {
  if (text.starts_with("${") && text.ends_with('}')) return true;
  if (text.starts_with("{{") && text.ends_with("}}")) return true;
  const std::string_view name = text.substr(std::min<std::size_t>(1, text.size()));
  return text.starts_with('$') && !name.empty() &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_one_of(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"); });
}

/// A secret may start with a slash, too, but not end like the name of a key file.
bool is_path_of_a_key(std::string_view text) {
  if (text.starts_with("file:") || text.starts_with("~/")) return true;
  constexpr std::array<std::string_view, 3> kBegins{"/", "./", "../"};
  constexpr std::array<std::string_view, 8> kEnds{".pem", ".key",    ".jwk", ".json",
                                                  ".pub", ".secret", ".txt", ".crt"};
  return std::any_of(kBegins.begin(), kBegins.end(),
                     [&](std::string_view begin) { return text.starts_with(begin); }) &&
         std::any_of(kEnds.begin(), kEnds.end(),
                     [&](std::string_view end) { return text.ends_with(end); });
}

/// Also true for a file in a folder that we may not enter; but if that folder is the working
/// directory, every text would look like a file.
bool is_name_of_a_file(const std::string& text) {
  if (::access(text.c_str(), F_OK) == 0) return true;
  return errno == EACCES && (text.starts_with('/') || ::access(".", X_OK) == 0);
}

/// Refuses texts that cannot be meant as a secret: anybody who knows how the server is configured
/// would know the key.
void refuse_what_is_no_secret(const std::string& text) {
  if (is_name_of_a_file(text)) {
    throw KeyProblem("is the name of a file, not a secret; write {file: ...}");
  }
  if (is_path_of_a_key(text)) {
    throw KeyProblem("is the name of a file that does not exist, not a secret; write {file: ...}");
  }
  if (is_placeholder(text)) {
    throw KeyProblem(
        "is a placeholder that was not replaced, not a secret; for the value of an environment "
        "variable write {environment: NAME}");
  }
}

KeyMaterial secret_of(const std::string& text) {
  refuse_what_is_no_secret(text);
  KeyMaterial material;
  material.secret = text;
  material.is_private = true;
  if (is_one_of(text.front(), " \t\r\n") || is_one_of(text.back(), " \t\r\n")) {
    material.warning = "begins or ends with white space, which is part of the secret";
  }
  return material;
}

KeyMaterial read_secret(const std::string& text) {
  // As PyJWT does: with a public key as the secret, everybody could sign.
  if (text.find("-----BEGIN ") != std::string::npos) {
    throw KeyProblem("is a key in PEM, not a secret: put it into a file and give its \"file\"");
  }
  if (text.starts_with('{') && text.find("\"kty\"") != std::string::npos) {
    throw KeyProblem("is a JWK, not a secret: put it into a file and give its \"file\"");
  }
  return secret_of(text);
}

KeyMaterial read_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) throw KeyProblem("is not set in the environment of this process");
  if (*value == '\0') throw KeyProblem("is empty");
  try {
    return read_key_text(value);
  } catch (const UnknownForm&) {
    return secret_of(value);
  }
}

/// Most people try a file first, and Django users are used to a plain secret.
std::string advice_on_secrets(std::string_view algorithm) {
  const bool is_for_secret = algorithm.starts_with("HS") || algorithm.empty() || algorithm == "dir";
  if (!is_for_secret) return {};
  return ". For " + std::string(algorithm.empty() ? "dir" : algorithm) +
         " write the secret itself as the setting's value, {secret: \"...\"}, or name a variable "
         "of "
         "the environment that holds it, {environment: NAME}; in a file it must be a JWK, "
         "{\"kty\":\"oct\",\"k\":\"THE SECRET IN BASE64URL\"}";
}

KeyMaterial read_file(const std::string& path, std::string_view algorithm) {
  try {
    return read_key_file(path);
  } catch (const UnknownForm& problem) {
    throw KeyProblem(problem.what() + advice_on_secrets(algorithm));
  }
}

}  // namespace

KeyMaterial read_source(const KeySource& source, std::string_view algorithm) {
  std::vector<std::string> given;
  if (!source.secret.empty()) given.emplace_back("a \"secret\"");
  if (!source.file.empty()) given.emplace_back("a \"file\"");
  if (!source.environment.empty()) given.emplace_back("an \"environment\"");
  if (given.empty()) {
    throw KeyProblem("is missing: give it a \"secret\", a \"file\" or an \"environment\"");
  }
  if (given.size() > 1)
    throw KeyProblem("has both " + given[0] + " and " + given[1] + "; give one");
  if (!source.file.empty()) return read_file(source.file, algorithm);
  return source.secret.empty() ? read_variable(source.environment) : read_secret(source.secret);
}

std::string described(std::string_view name, const KeySource& source) {
  std::string text(name);
  if (!source.file.empty()) return text.append(" (").append(source.file).append(")");
  if (source.environment.empty()) return text;
  return text.append(" (environment variable ").append(source.environment).append(")");
}

}  // namespace jwt_auth
