// Keys for tests, made once per kind and process.
#pragma once

#include "jose/compact.hpp"
#include "jose/key.hpp"

#include <string>
#include <string_view>

namespace jwt_auth {

/// 64 bytes: long enough for every HMAC algorithm.
inline const std::string kTestSecret =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A private key in PEM that fits the algorithm ("RS256", "ES384", "EdDSA", ...), or an RSA key of
/// `rsa_bits`.
const std::string& private_pem(std::string_view algorithm);
std::string new_private_pem(const char* type, const char* curve, unsigned rsa_bits = 2048);
std::string public_pem(const std::string& private_pem);
std::string encrypted_pem(const std::string& private_pem);

/// Writes the text to a file that lives as long as the test program's folder.
std::string written(std::string_view text);

/// For any algorithm: a secret, or a file with a private key.
KeySource source_for(std::string_view algorithm, std::string kid = {});
KeySource file_source(std::string_view text, std::string algorithm = {}, std::string kid = {});

KeyRing ring_of(const KeySource& source, KeyUse use = KeyUse::kVerifying);
Key signing_key(std::string_view algorithm, std::string kid = {});

/// The three parts of a token, decoded.
std::string header_of(std::string_view token);
std::string payload_of(std::string_view token);
/// Signs any header and payload with HS256 and kTestSecret.
std::string forged(std::string_view header, std::string_view payload);

}  // namespace jwt_auth
