// What the app answers to one request, from its status to the last byte: what may follow what, how
// the body is framed, what waits to be sent. Decides without acting: no lock, no thread; the caller
// holds the call's lock. Worker.
#pragma once

#include "alicorn/app.h"
#include "workers/app/file_body.hpp"
#include "workers/http/response.hpp"
#include "workers/net/output_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alicorn {

class Answer {
 public:
  enum class Stage {
    kNone,      ///< no response yet
    kBegun,     ///< the head is there, more of the body will follow
    kComplete,  ///< all of the response is there
    kFailed,    ///< before the head left: 500; after it: the response is cut
  };
  /// A stream that has more than this queued for its client waits (or is told ALICORN_FULL) until
  /// half of it has left.
  static constexpr std::size_t kHighWater = 256 * 1024;

  /// What the app is told, and what is logged. Every request brings one: it fits into two
  /// registers.
  struct Reply {
    std::int32_t code = ALICORN_OK;
    bool has_news = false;  ///< there is something to send, or an end
    bool wrote = false;     ///< bytes of the body were taken
    const char* why = "";   ///< a literal for the log; "": nothing to say
  };

  /// Begins the answer to a request of this kind.
  struct Asked {
    bool by_head = false;
    std::uint16_t version_minor = 1;
  };
  void open(Asked asked) { asked_ = asked; }

  // The app's calls, in the terms of app.h. What is not taken goes to `dropped`: its releases are
  // code of the app, and run after the caller has released the lock.
  Reply respond(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                const alicorn_buffer* body, DroppedBuffers& dropped);
  /// `file`: exactly the part to send; it lies within the file. It keeps its descriptor unless the
  /// answer takes it.
  Reply send_file(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                  FilePart& file);
  Reply begin(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
              std::int64_t length);
  Reply write(const alicorn_buffer* buffers, std::uint32_t count, DroppedBuffers& dropped);
  Reply end(const alicorn_field* trailers, std::uint32_t count);
  Reply interim(std::int32_t status, const alicorn_field* headers, std::uint32_t count);
  Reply set_reason(alicorn_string reason);

  Stage stage() const { return stage_; }
  bool has_begun_to_leave() const { return head_collected_; }
  bool is_behind() const { return queue_.size() > kHighWater; }
  bool has_room() const { return queue_.size() <= kHighWater / 2; }
  /// Bytes of the body, as the app gave them.
  std::uint64_t body_bytes() const {
    return body_is_dropped() ? 0 : static_cast<std::uint64_t>(body_written_);
  }

  /// Does nothing if the answer is complete. Otherwise the client gets a 500, or a response that is
  /// cut.
  void fail() {
    if (stage_ != Stage::kComplete) stage_ = Stage::kFailed;
  }
  /// The callback has returned, and the request ends with it. Returns "" or what the app left out.
  std::string_view fail_unless_complete();

  /// A body up to this size that the app does not lend is copied, and leaves behind its head in one
  /// send; for larger ones writev is faster (measured).
  static constexpr std::size_t kSmallBodyMax = 4 * 1024;

  /// What the connection takes: all that has come since the last time.
  struct Collected {
    Stage stage = Stage::kNone;
    bool took_something = false;
    bool made_room = false;    ///< in the queue; the app may be waiting for it
    bool head_is_new = false;  ///< `head`, `framing` and `length` are now valid
    ResponseHead head{};
    Framing framing = Framing::kNone;
    std::int64_t length = 0;
    std::string_view small_body{};  ///< goes behind the head; valid until reset()
  };
  /// Appends interim responses and, once, the head without its end to `head_out`. The body goes to
  /// `body_out` if that is empty (otherwise it waits), a file to `file`. If an answer failed before
  /// its head left, what was written goes to `dropped` with that head.
  Collected collect(std::string& head_out, OutputQueue& body_out, FilePart& file,
                    std::optional<OutputQueue>& dropped);
  /// Nobody will send what is queued. The releases in it are code of the app: they run when the
  /// caller lets go of `dropped`, without the lock.
  void drop_queue(std::optional<OutputQueue>& dropped) {
    if (!queue_.empty()) queue_.swap(dropped.emplace());
  }
  /// A file that will not be sent. Close it where that may wait for a disk. Without such a file, no
  /// fd is set.
  FilePart drop_file();

  /// Makes it ready for the next request; memory is kept. Only after the file is dropped.
  void reset();
  void release_memory();

 private:
  bool body_is_dropped() const { return asked_.by_head || !status_allows_body(head_.status); }
  Reply open_head(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                  std::int64_t length);
  Framing framing_of(std::int32_t status, std::int64_t length) const;
  const char* add_up(const alicorn_buffer* buffers, std::uint32_t count, std::size_t& total) const;
  void make_room_for(const alicorn_buffer* buffers, std::uint32_t count, bool is_cut,
                     DroppedBuffers& dropped);
  void append_body(const alicorn_buffer* buffers, std::uint32_t count, std::size_t allowed,
                   DroppedBuffers& dropped);

  Asked asked_;
  Stage stage_ = Stage::kNone;
  bool head_collected_ = false;
  ResponseHead head_;
  Framing framing_ = Framing::kNone;
  std::int64_t length_ = 0;
  std::int64_t body_written_ = 0;
  std::string head_text_, interim_text_;
  std::string reason_;      ///< of the status; "": HTTP's own
  std::string small_body_;  ///< all of the body, and nothing is in the queue
  OutputQueue queue_;
  FilePart file_;
};

}  // namespace alicorn
