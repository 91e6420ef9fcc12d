// All that jwt_auth_admin says quotes others: names in the database, folders, messages of a server.
// None of them may steer the terminal of whoever reads it.
#pragma once

#include <ostream>
#include <streambuf>

namespace jwt_auth::admin {

/// Until the end of the scope what is written to the stream is printable(), line by line. A
/// character must come in one piece.
class SafeOutput : private std::streambuf {
 public:
  explicit SafeOutput(std::ostream& stream) : stream_(stream), target_(stream.rdbuf(this)) {}
  ~SafeOutput() override { stream_.rdbuf(target_); }
  SafeOutput(const SafeOutput&) = delete;
  SafeOutput& operator=(const SafeOutput&) = delete;

 private:
  std::streamsize xsputn(const char* data, std::streamsize size) override;
  int_type overflow(int_type character) override;
  int sync() override { return target_->pubsync(); }

  std::ostream& stream_;
  std::streambuf* const target_;
};

}  // namespace jwt_auth::admin
