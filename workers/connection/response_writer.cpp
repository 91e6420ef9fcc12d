#include "workers/connection/response_writer.hpp"

#include "base/free_memory.hpp"

#include <algorithm>
#include <array>

namespace alicorn {
namespace {

constexpr int kCopiedPartsMax = 16;

}  // namespace

void ResponseWriter::copy_body_behind_heads() {
  std::array<iovec, kCopiedPartsMax> parts;  // NOLINT: filled by gather
  const int count = body_.gather(parts.data(), kCopiedPartsMax);
  if (count == kCopiedPartsMax) return;
  for (int i = 0; i < count; ++i) {
    const iovec& part = parts[static_cast<std::size_t>(i)];
    heads_.append_copy({static_cast<const char*>(part.iov_base), part.iov_len});
  }
  body_.clear();
}

void ResponseWriter::end_head(const Answer::Collected& collected, std::size_t piece_begin,
                              const Terms& terms) {
  state_ = State::kBegun;
  status_ = collected.head.status;
  ends_by_close_ = collected.framing == Framing::kClose;
  // A request body that is still arriving when the answer is complete would have to be read first.
  const bool body_is_settled = terms.body_is_whole || collected.stage == Answer::Stage::kBegun;
  if (terms.client_keeps_alive && body_is_settled && !ends_by_close_) {
    end_ = End::kKeep;
  } else {
    end_ = terms.client_asked_for_it || !terms.body_is_whole ? End::kLinger : End::kClose;
  }
  HeadEnd end{
      .framing = collected.framing,
      .content_length = collected.length,
      .keep_alive = end_ == End::kKeep,
      .version_minor = terms.version_minor,
      .own_fields = own_fields_.lines(!collected.head.has_date, !collected.head.has_server)};
  std::string& text = heads_.copy_target();
  append_head_end(text, end);
  if (terms.is_logged) logged_head_.assign(text, piece_begin);
}

void ResponseWriter::answer(const OwnAnswer& own) {
  state_ = State::kWhole;
  end_ = own.keep_alive ? End::kKeep : End::kLinger;
  status_ = own.status;
  is_own_ = true;
  std::string& text = heads_.copy_target();
  const std::size_t before = text.size();
  append_error(text, {.status = own.status,
                      .keep_alive = own.keep_alive,
                      .head_only = own.to_head,
                      .retry_after_s = own.status == 503 ? 1U : 0U,
                      .version_minor = own.version_minor,
                      .own_fields = own_fields_.lines(true, true)});
  const std::size_t head_end = text.find("\r\n\r\n", before);
  own_body_size_ = text.size() - (head_end == std::string::npos ? text.size() : head_end + 4);
  head_bytes_ += text.size() - before - own_body_size_;
  heads_.copied();
}

void ResponseWriter::append_continue() {
  heads_.append_copy(kContinue);
  head_bytes_ += kContinue.size();
}

void ResponseWriter::cut_short(CutReason reason) {
  note_cut(reason);
  do_not_keep();
  state_ = State::kCutShort;
}

void ResponseWriter::next_request() {
  state_ = State::kOwed;
  end_ = End::kClose;
  ends_by_close_ = is_own_ = false;
  cut_ = CutReason::kNone;
  status_ = 0;
  own_body_size_ = head_bytes_ = sent_bytes_ = 0;
  heads_.trim();
  body_.trim();
}

void ResponseWriter::clear() {
  for (OutputQueue* queue : {&heads_, &body_}) {
    queue->clear();
    queue->trim();
  }
}

void ResponseWriter::release_memory() {
  heads_.release_memory();
  body_.release_memory();
  free_memory(logged_head_);
}

}  // namespace alicorn
