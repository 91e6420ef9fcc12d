#include "passwords/hashers.hpp"

#include <argon2.h>

namespace jwt_auth {
namespace {

struct Parameters {
  argon2_type type = Argon2_id;
  std::uint32_t version = ARGON2_VERSION_10;  // for encodings that name none
  std::uint32_t memory_kib = 0, passes = 0, lanes = 0;
};

std::optional<argon2_type> type_of(std::string_view name) {
  if (name == "argon2id") return Argon2_id;
  if (name == "argon2i") return Argon2_i;
  if (name == "argon2d") return Argon2_d;
  return std::nullopt;
}

std::optional<std::uint32_t> number_after(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return parse_number(text.substr(prefix.size()));
}

/// "m=102400,t=2,p=8"
bool read_costs(std::string_view text, Parameters& parameters) {
  const Fields costs = split(text, ',');
  if (costs.size() != 3) return false;
  const auto memory = number_after("m=", costs[0]);
  const auto passes = number_after("t=", costs[1]);
  const auto lanes = number_after("p=", costs[2]);
  if (!memory || !passes || !lanes) return false;
  if (*memory > HashLimits::kArgon2MemoryKibMax || *lanes > HashLimits::kArgon2LanesMax ||
      std::uint64_t{*memory} * *passes > HashLimits::kArgon2WorkKibMax) {
    return false;
  }
  parameters.memory_kib = *memory;
  parameters.passes = *passes;
  parameters.lanes = *lanes;
  return true;
}

/// The fields from the costs on, behind the version if there is one.
std::optional<std::size_t> read_parameters(const Fields& fields, Parameters& parameters) {
  if (fields.size() < 5) return std::nullopt;
  const auto type = type_of(fields[1]);
  if (!type) return std::nullopt;
  parameters.type = *type;
  std::size_t at = 2;
  if (const auto version = number_after("v=", fields[at])) {
    parameters.version = *version;
    ++at;
  }
  if (fields.size() != at + 3 || !read_costs(fields[at], parameters)) return std::nullopt;
  return at + 1;
}

unsigned char* bytes_of(std::string_view text) {
  // argon2_context takes mutable pointers but only reads: no ARGON2_FLAG_CLEAR_* is given.
  return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

}  // namespace

bool verify_argon2(std::string_view password, const Fields& fields) {
  Parameters parameters;
  const auto at = read_parameters(fields, parameters);
  if (!at) return false;
  const auto salt = from_base64(fields[*at]);
  const auto hash = from_base64(fields[*at + 1]);
  if (!salt || !hash || hash->empty()) return false;

  std::string computed(hash->size(), '\0');
  argon2_context context{};
  context.out = bytes_of(computed);
  context.outlen = static_cast<std::uint32_t>(computed.size());
  context.pwd = bytes_of(password);
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = bytes_of(*salt);
  context.saltlen = static_cast<std::uint32_t>(salt->size());
  context.t_cost = parameters.passes;
  context.m_cost = parameters.memory_kib;
  context.lanes = parameters.lanes;
  // The result does not depend on the number of threads; a login should keep one core busy, not
  // eight.
  context.threads = 1;
  context.version = parameters.version;
  if (argon2_ctx(&context, parameters.type) != ARGON2_OK) return false;
  return equal_in_constant_time(computed, *hash);
}

}  // namespace jwt_auth
