#include "workers/connection/response_sender.hpp"

#include "base/clock.hpp"

#include <array>

namespace alicorn {
namespace {

constexpr int kVectorsMax = 16;
/// So that a client that takes everything at once does not hold the loop.
constexpr std::uint64_t kSentPerTurnMax = 256 * 1024;

/// Leaves at most `size_max` bytes in the vectors, which hold more than none. Returns their number.
int limit(iovec* vectors, int count, std::uint64_t size_max) {
  for (int i = 0; i < count; ++i) {
    if (vectors[i].iov_len >= size_max) {
      vectors[i].iov_len = static_cast<std::size_t>(size_max);
      return i + 1;
    }
    size_max -= vectors[i].iov_len;
  }
  return count;
}

}  // namespace

ResponseSender::Sent ResponseSender::flush() {
  for (;;) {
    if (!has_something()) {
      pace_.note_moved();
      socket_.stop_wait_writable();
      return Sent::kAll;
    }
    if (sent_in_turn_ >= kSentPerTurnMax) {
      await_turn();
      return Sent::kBlocked;
    }
    if (!writer_.has_queued()) {
      if (const Sent state = send_file(); state != Sent::kAll) return state;
      continue;
    }
    std::array<iovec, kVectorsMax> vectors;  // NOLINT: filled by gather
    int count = writer_.gather(vectors.data(), kVectorsMax);
    count = limit(vectors.data(), count, kSentPerTurnMax - sent_in_turn_);
    last_word_.withdraw();
    const std::int64_t sent = socket_.send(vectors.data(), count);
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
  pace_.note_moved();
  if (bulk_.note_sent(count)) socket_.set_bulk(bulk_.look(to_us(now())));
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
  await_turn();
}

/// The client may take more, but others have their turn first.
void ResponseSender::await_turn() {
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
