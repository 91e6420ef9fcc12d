#include "workers/app/file_body.hpp"

#include "base/clock.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace alicorn {
namespace {

constexpr std::int64_t kPieceMax = 256 * 1024;
/// How much a helper sends before others have their turn, if the client takes it all.
constexpr std::int64_t kTurnMax = 1024 * 1024;

}  // namespace

void FileBody::start(FilePart part, std::string& out) {
  part_ = std::move(part);
  if (part_.remaining > kCopiedMax || !copy_what_is_in_memory(out)) return;
  // A file system that can tell whether pages are in memory never makes a close wait.
  part_ = FilePart{};
}

/// False: it is not in memory, or only in part, or the file system cannot tell.
bool FileBody::copy_what_is_in_memory(std::string& out) {
  const std::size_t before = out.size();
  const auto count = static_cast<std::size_t>(part_.remaining);
  out.resize(before + count);
  const iovec target{out.data() + before, count};
  const ssize_t got = ::preadv2(part_.fd.get(), &target, 1, part_.offset, RWF_NOWAIT);
  if (got == static_cast<ssize_t>(count)) return true;
  out.resize(before);
  return false;
}

FileBody::Progress FileBody::send(std::uint64_t& sent) {
  sent = 0;
  if (step_ == Step::kRunning) return Progress::kRunning;
  if (step_ == Step::kIdle) {
    target_ = socket_.fd();
    step_ = Step::kRunning;
    running_since_us_ = to_us(now());
    set_device(part_.device);
    if (helpers_.submit(*this)) return Progress::kRunning;
    run();  // no thread can be started: better late than never
    running_since_us_ = 0;
  }
  step_ = Step::kIdle;
  sent = static_cast<std::uint64_t>(sent_);
  part_.remaining -= sent_;
  if (part_.remaining == 0) drop();
  switch (outcome_) {
    case Outcome::kClientGone:
      return Progress::kClientGone;
    case Outcome::kFileFailed:
      return Progress::kFileFailed;
    case Outcome::kBlocked:
      return Progress::kBlocked;
    case Outcome::kSent:
      break;
  }
  return Progress::kSent;
}

void FileBody::withdraw() {
  if (step_ != Step::kRunning || !helpers_.withdraw(*this)) return;
  step_ = Step::kIdle;
  running_since_us_ = 0;
}

void FileBody::drop() {
  helpers_.close(std::move(part_.fd), part_.device);
  part_ = FilePart{};
  step_ = Step::kIdle;
}

void FileBody::run() noexcept {
  outcome_ = Outcome::kSent;
  sent_ = 0;
  while (sent_ < std::min(part_.remaining, kTurnMax) && outcome_ == Outcome::kSent) {
    const std::int64_t count = std::min(part_.remaining - sent_, kPieceMax);
    outcome_ = use_sendfile_ ? send_some(count) : copy_some(count);
  }
}

void FileBody::on_done() noexcept {
  step_ = Step::kDone;
  running_since_us_ = 0;
  socket_.is_bulk() ? socket_.notify_owner() : owner_.on_socket_event();
}

FileBody::Outcome FileBody::send_some(std::int64_t count) {
  const ssize_t sent =
      ::sendfile(target_, part_.fd.get(), &part_.offset, static_cast<std::size_t>(count));
  if (sent > 0) {
    sent_ += sent;
    return Outcome::kSent;
  }
  // Nothing was read although bytes were requested: the file was truncated while we send it.
  if (sent == 0) return Outcome::kFileFailed;
  if (errno == EAGAIN || errno == EINTR) return Outcome::kBlocked;
  return errno == EIO || errno == ESTALE || errno == ENOMEM ? Outcome::kFileFailed
                                                            : Outcome::kClientGone;
}

FileBody::Outcome FileBody::copy_some(std::int64_t count) {
  std::array<char, 32 * 1024> buffer;  // NOLINT: filled by pread
  const std::size_t wanted = std::min(static_cast<std::size_t>(count), buffer.size());
  const ssize_t got = ::pread(part_.fd.get(), buffer.data(), wanted, part_.offset);
  if (got <= 0) return Outcome::kFileFailed;
  const ssize_t sent =
      ::send(target_, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    return errno == EAGAIN || errno == EINTR ? Outcome::kBlocked : Outcome::kClientGone;
  }
  part_.offset += sent;
  sent_ += sent;
  return Outcome::kSent;
}

}  // namespace alicorn
