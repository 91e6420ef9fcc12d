#include "workers/connection/response_sender.hpp"

#include "base/clock.hpp"

#include <array>

namespace alicorn {
namespace {

constexpr int kVectorsMax = 16;
/// So that a client that takes everything at once does not hold the loop.
constexpr std::uint64_t kSentPerTurnMax = 256 * 1024;
/// What of a response leaves before the responses to others.
constexpr std::uint64_t kSmallResponseMax = 64 * 1024;

}  // namespace

ResponseSender::Sent ResponseSender::flush() {
  for (;;) {
    std::int64_t sent = -1;
    if (sent_in_turn_ > kSentPerTurnMax) {
      // Treat it as if the client took no more now.
    } else if (writer_.has_queued()) {
      std::array<iovec, kVectorsMax> vectors;  // NOLINT: filled by gather
      const int count = writer_.gather(vectors.data(), kVectorsMax);
      last_word_.withdraw();
      sent = socket_.send(vectors.data(), count);
    } else if (!file_.empty()) {
      if (const Sent state = send_file(); state != Sent::kAll) return state;
      continue;
    } else {
      pace_.note_moved();
      return Sent::kAll;
    }
    if (sent == -1) {
      await_room();
      return Sent::kBlocked;
    }
    if (sent <= 0) return Sent::kGone;
    writer_.note_sent(static_cast<std::size_t>(sent));
    note_sent(static_cast<std::uint64_t>(sent));
  }
}

void ResponseSender::note_sent(std::uint64_t count) {
  sent_in_turn_ += count;
  if (writer_.sent_bytes() > kSmallResponseMax) socket_.set_bulk(true);
  pace_.note_moved();
}

/// kAll: call again, unless that was all.
ResponseSender::Sent ResponseSender::send_file() {
  std::uint64_t sent = 0;
  const FileBody::Progress progress = file_.send(sent);
  writer_.note_sent_file(sent);
  if (sent > 0) note_sent(sent);
  switch (progress) {
    case FileBody::Progress::kSent:
      return Sent::kAll;
    case FileBody::Progress::kRunning:
      pace_.note_moved();  // we are not waiting for the client
      return Sent::kBlocked;
    case FileBody::Progress::kBlocked:
      if (!socket_.note_full()) return Sent::kGone;
      await_room();
      return Sent::kBlocked;
    case FileBody::Progress::kFileFailed:
      return Sent::kFileLost;
    case FileBody::Progress::kClientGone:
      break;
  }
  return Sent::kGone;
}

void ResponseSender::await_room() {
  if (!pace_.is_blocked()) pace_.note_blocked(to_us(now()));
  if (!socket_.waiting_to_write()) socket_.start_wait_writable();
}

std::optional<CutReason> ResponseSender::find_slow_reader(const Deadlines& deadlines,
                                                          std::uint64_t now_us) {
  if (!pace_.is_blocked()) {
    return pace_.look_at_moving(deadlines, file_.running_since_us(), now_us);
  }
  return pace_.look_at_blocked(deadlines, socket_.unsent(), writer_.sent_bytes(), now_us);
}

}  // namespace alicorn
