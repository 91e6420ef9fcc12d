// The output of jwt_auth_admin quotes others: names in the database, folders, a server's messages.
// None of these texts may control the terminal that shows them.
#pragma once

#include <ostream>
#include <streambuf>

namespace jwt_auth::admin {

/// Until the end of the scope, each line written to the stream goes through printable(). A
/// character must be written in one piece.
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
