// The body of one request, between the client that sends it and the app that takes it, whole or
// piece by piece. Decides without acting: no lock, no thread; the caller holds the call's lock.
// Worker.
#pragma once

#include "alicorn/app.h"
#include "workers/app/streamed_record.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

class RequestBody {
 public:
  enum class Arrival {
    kAwaited,  ///< more may come
    kWhole,    ///< all of it is there, with its trailers
    kAborted,  ///< no more will come, and it is incomplete
  };
  enum class Taking {
    kWhole,     ///< the app gets it in one piece
    kStreamed,  ///< ALICORN_APP_STREAM_BODY
  };
  /// If more than this many bytes of a streamed body wait for the app, the client is held back.
  static constexpr std::size_t kHighWater = 128 * 1024;

  void open(Taking taking, bool has_body) {
    taking_ = taking;
    exists_ = has_body;
    arrival_ = has_body ? Arrival::kAwaited : Arrival::kWhole;
  }

  // From the client.

  /// Where received bytes are appended.
  std::string& incoming() { return bytes_; }
  /// Instead of incoming(): all of it is there, in the memory of the request's head. The bytes stay
  /// until reset().
  void place(std::string_view body) {
    placed_ = body;
    arrival_ = Arrival::kWhole;
  }
  /// "": it was not placed.
  std::string_view placed() const { return placed_; }
  std::size_t size() const { return bytes_.size(); }
  /// Reserves room for a body of known length, because growing would need twice its memory. Not
  /// before `grown` bytes have come; reserved memory is not resident yet.
  void make_room(std::int64_t content_length, std::size_t grown);
  void end(const std::vector<alicorn_field>& trailers);
  /// Does nothing if the body is whole.
  void abort() {
    if (arrival_ == Arrival::kAwaited) arrival_ = Arrival::kAborted;
  }
  Arrival arrival() const { return arrival_; }
  /// False: the app is behind; next() will report when it has caught up.
  bool has_room() {
    is_stalled_ = bytes_.size() >= kHighWater;
    return !is_stalled_;
  }

  // To the app.

  /// The app has asked for the body. Any thread may call this.
  bool is_wanted() const { return is_wanted_.load(std::memory_order_relaxed); }
  void note_wanted() { is_wanted_.store(true, std::memory_order_relaxed); }
  struct Next {
    enum class Kind { kPiece, kEnd, kAborted, kNotYet };
    Kind kind;
    alicorn_string piece{"", 0};  ///< valid until the next call
    bool made_room = false;       ///< the client need not be held back any longer
  };
  Next next();
  std::string_view whole() const { return placed_.empty() ? bytes_ : placed_; }
  const std::vector<alicorn_field>& trailers() const { return trailers_; }

  /// What is kept of a streamed body for crash_dir. A signal handler reads it too.
  StreamedRecord& record() { return record_; }
  const StreamedRecord& record() const { return record_; }

  /// Makes it ready for the next request; memory is kept, up to a limit.
  void reset();
  void release_memory();

 private:
  Next next_whole();

  std::atomic<bool> is_wanted_{false};
  Taking taking_ = Taking::kWhole;
  bool exists_ = false;  ///< the request has one
  Arrival arrival_ = Arrival::kWhole;
  bool is_given_ = false;    ///< the app, which takes it whole, has all of it
  bool is_stalled_ = false;  ///< the client is held back
  std::string_view placed_;  ///< see place()
  std::string bytes_;        ///< received and not yet given to the app, or all of it
  std::string current_;      ///< the piece that the app has
  std::string trailer_text_;
  std::vector<alicorn_field> trailers_;
  StreamedRecord record_;
};

}  // namespace alicorn
