#include "admin/new_key.hpp"

#include "admin/failure.hpp"
#include "jose/algorithm.hpp"
#include "jose/base64url.hpp"
#include "jose/json.hpp"
#include "jose/openssl.hpp"
#include "passwords/passwords.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

constexpr unsigned int kRsaBits = 3072;  // 128 bits of security

[[noreturn]] void fail(const std::string& doing) {
  throw Failure(doing + ": " + std::generic_category().message(errno));
}

std::string pem_of(EVP_PKEY* pkey) {
  const OwnedBio out(BIO_new(BIO_s_mem()));
  ensure(out && PEM_write_bio_PKCS8PrivateKey(out.get(), pkey, nullptr, nullptr, 0, nullptr,
                                              nullptr) == 1,
         "a key in PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

OwnedKey generate(const Algorithm& algorithm) {
  switch (algorithm.kind) {
    case AlgorithmKind::kEcdsa:
      return OwnedKey(EVP_EC_gen(algorithm.group));
    case AlgorithmKind::kEd25519:
      return OwnedKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    default:
      return OwnedKey(EVP_RSA_gen(kRsaBits));
  }
}

class File {
 public:
  File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {
    if (descriptor_ < 0) fail("cannot write " + path_);
  }
  ~File() {
    ::close(descriptor_);
    if (!is_kept_) ::unlink(path_.c_str());
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void give_to(Owner owner) const {
    if (::fchown(descriptor_, owner.user, owner.group) != 0) fail("cannot give " + path_ + " away");
  }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::write(descriptor_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail("cannot write " + path_);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(descriptor_) != 0) fail("cannot write " + path_);
  }
  void set_mode(mode_t mode) const {
    if (::fchmod(descriptor_, mode) != 0) fail("cannot change the mode of " + path_);
  }
  void keep() { is_kept_ = true; }

 private:
  const int descriptor_;
  const std::string path_;
  bool is_kept_ = false;
};

/// So that the name survives a power cut, too.
void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // a folder that may not be listed
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

std::string make_key(std::string_view name, std::string_view kid) {
  const Algorithm* algorithm = find_algorithm(name);
  if (algorithm == nullptr) throw Failure("unknown algorithm " + std::string(name));
  if (algorithm->kind != AlgorithmKind::kHmac) {
    const OwnedKey key = generate(*algorithm);
    ensure(key != nullptr, "a new key");
    return pem_of(key.get());
  }
  // Letters alone: a Django beside the service can have the same text as its SIGNING_KEY.
  const std::string secret = random_letters(2 * algorithm->digest_bytes);
  return dump_ascii(boost::json::object{{"kty", "oct"},
                                        {"kid", kid},
                                        {"alg", algorithm->name},
                                        {"k", base64url_encode(secret)}}) +
         '\n';
}

void write_secret_file(const std::string& path, std::string_view text, Owner owner) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), path);
  if (::geteuid() == 0) file.give_to(owner);
  file.write(text);
  file.keep();
  sync_folder_of(path);
}

void replace_file(const std::string& path, std::string_view text) {
  struct stat before {};
  if (::stat(path.c_str(), &before) != 0) fail("cannot read " + path);
  std::string fresh = path + ".XXXXXX";
  const int descriptor = ::mkostemp(fresh.data(), O_CLOEXEC);
  File file(descriptor, fresh);
  if (before.st_uid != ::geteuid() || before.st_gid != ::getegid()) {
    file.give_to({before.st_uid, before.st_gid});
  }
  file.set_mode(before.st_mode & 07777U);
  file.write(text);
  const std::string old = path + ".old";
  ::unlink(old.c_str());
  if (::link(path.c_str(), old.c_str()) != 0) fail("cannot keep " + old);
  if (::rename(fresh.c_str(), path.c_str()) != 0) fail("cannot replace " + path);
  file.keep();
  sync_folder_of(path);
}

}  // namespace jwt_auth::admin
