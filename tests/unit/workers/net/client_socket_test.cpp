#include "workers/net/client_socket.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using ReadEnd = ClientSocket::ReadEnd;
using Wait = AppExecutor::Wait;

class ClientSocketTest : public testing::Test, private SocketOwner {
 protected:
  ClientSocketTest() {
    EXPECT_TRUE(loop.open());
    connect();
  }
  /// Another client, in place of the one before.
  void connect() {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    if (socket.is_open()) socket.close();
    socket.open(fds[0]);
    client = UniqueFd(fds[1]);
  }
  void on_socket_event() noexcept override { ++notices; }
  iovec read_space() noexcept override {
    ++spaces;
    return {room.data(), space_size};
  }
  void on_nothing_read() noexcept override { --spaces; }

  void client_sends(std::string_view bytes) {
    EXPECT_EQ(::send(client.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  void client_ends_its_side() { ::shutdown(client.get(), SHUT_WR); }
  /// Takes all that is there.
  std::size_t client_reads() {
    std::array<char, 65536> bytes;  // NOLINT: filled by recv
    std::size_t total = 0;
    for (ssize_t got = 0; (got = ::recv(client.get(), bytes.data(), bytes.size(), 0)) > 0;) {
      total += static_cast<std::size_t>(got);
    }
    return total;
  }
  /// All turns that there are now.
  void run() {
    for (int turns = 0; turns < 1000 && loop.turn(Wait::kMustNot); ++turns) {
    }
  }
  void start_read(std::size_t size = 100) {
    space_size = size;
    socket.start_read();
  }
  /// What the read that has ended brought.
  std::pair<ReadEnd, std::string> result() {
    std::size_t count = 0;
    const ReadEnd end = socket.take_read(count);
    return {end, std::string(room.data(), count)};
  }
  std::pair<ReadEnd, std::string> data(std::string text) {
    return {ReadEnd::kData, std::move(text)};
  }
  /// Until the kernel takes no more.
  void fill() {
    const std::string bytes(65536, 'x');
    const iovec vector{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT: only read
    while (socket.send(&vector, 1) >= 0) {
    }
  }

  EventLoop loop;
  int notices = 0;
  int spaces = 0;  ///< that the socket has asked for, and has not given back
  std::size_t space_size = 0;
  ClientSocket socket{loop, *this};
  UniqueFd client;
  std::array<char, 100> room{};
};

TEST_F(ClientSocketTest, AReadDoesNotEndWithinItsCall) {
  client_sends("hello");
  start_read();
  EXPECT_TRUE(socket.reading());
  EXPECT_EQ(notices, 0);
  run();
  EXPECT_FALSE(socket.reading());
  EXPECT_EQ(notices, 1);
  EXPECT_EQ(result(), data("hello"));
}

TEST_F(ClientSocketTest, AReadWaitsForBytes) {
  start_read();
  run();
  EXPECT_TRUE(socket.reading());
  client_sends("late");
  run();
  EXPECT_EQ(result(), data("late"));
}

TEST_F(ClientSocketTest, OneReadAfterTheOtherGetsAllBytes) {
  std::string received;
  for (int i = 0; i < 20; ++i) {
    client_sends("some bytes, ");
    start_read(5);
    run();
    ASSERT_FALSE(socket.reading()) << i;
    received += result().second;
  }
  for (start_read(5), run(); !socket.reading(); start_read(5), run()) received += result().second;
  EXPECT_EQ(received.size(), 240U);
  EXPECT_EQ(received.substr(228), "some bytes, ");
}

TEST_F(ClientSocketTest, AnEndBehindTheLastBytesIsFound) {
  for (const bool has_waited : {false, true}) {
    SCOPED_TRACE(has_waited);
    connect();
    if (has_waited) {
      start_read();
      run();
    }
    client_sends("last");
    client_ends_its_side();
    if (!has_waited) start_read();
    run();
    EXPECT_EQ(result(), data("last"));
    start_read();
    run();
    EXPECT_EQ(result().first, ReadEnd::kEof);
  }
}

TEST_F(ClientSocketTest, AReadNeedsNoMemoryWhileItWaits) {
  start_read();
  run();
  EXPECT_EQ(spaces, 0);
  EXPECT_FALSE(socket.may_be_readable());
  client_sends("there");
  run();
  EXPECT_EQ(spaces, 1);
  EXPECT_EQ(result(), data("there"));
}

TEST_F(ClientSocketTest, AnEndIsFoundWhileItReads) {
  start_read();
  run();
  client.reset();
  run();
  EXPECT_EQ(result().first, ReadEnd::kEof);
}

TEST_F(ClientSocketTest, ReadsAtOnceWhatIsThere) {
  EXPECT_EQ(socket.read_now(room.data(), room.size()), 0U);
  client_sends("now");
  EXPECT_EQ(socket.read_now(room.data(), room.size()), 3U);
  start_read();
  run();
  EXPECT_TRUE(socket.reading());
}

TEST_F(ClientSocketTest, AWaitForRoomEndsWhenThereIsSome) {
  fill();
  socket.start_wait_writable();
  run();
  EXPECT_TRUE(socket.waiting_to_write());
  EXPECT_EQ(notices, 0);
  client_reads();
  run();
  EXPECT_FALSE(socket.waiting_to_write());
  EXPECT_EQ(notices, 1);
}

// ResponseSender stops by itself, too, to let others have their turn.
TEST_F(ClientSocketTest, AWaitForRoomThatIsThereEndsInAnotherTurn) {
  socket.start_wait_writable();
  EXPECT_EQ(notices, 0);
  run();
  EXPECT_EQ(notices, 1);
}

TEST_F(ClientSocketTest, ARefusalDuringAWaitThatBeganWithRoomIsWaitedOut) {
  start_read();
  run();
  socket.start_wait_writable();
  fill();
  run();
  EXPECT_TRUE(socket.waiting_to_write());
  client_reads();
  run();
  EXPECT_FALSE(socket.waiting_to_write());
}

TEST_F(ClientSocketTest, AnothersRefusalDuringAWaitIsWaitedOut) {
  start_read();
  run();
  socket.start_wait_writable();
  const std::string bytes(65536, 'x');
  while (::send(socket.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT) >= 0) {
  }
  socket.note_full();
  run();
  EXPECT_TRUE(socket.waiting_to_write());
  client_reads();
  run();
  EXPECT_FALSE(socket.waiting_to_write());
}

TEST_F(ClientSocketTest, RoomThatCameBeforeTheRefusalWasNotedIsFound) {
  fill();
  socket.start_wait_writable();
  run();
  client_reads();
  run();
  // Meanwhile another thread was refused and the client has made room again.
  socket.note_full();
  socket.start_wait_writable();
  run();
  EXPECT_FALSE(socket.waiting_to_write());
}

TEST_F(ClientSocketTest, AfterAnothersRefusalItWaitsForRoom) {
  std::string bytes(65536, 'x');
  while (::send(socket.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT) >= 0) {
  }
  socket.note_full();
  socket.start_wait_writable();
  run();
  EXPECT_TRUE(socket.waiting_to_write());
  client_reads();
  run();
  EXPECT_FALSE(socket.waiting_to_write());
}

TEST_F(ClientSocketTest, AClientThatHasLeftEndsAWaitForRoom) {
  fill();
  socket.start_wait_writable();
  run();
  client.reset();
  run();
  EXPECT_FALSE(socket.waiting_to_write());
  const iovec vector{room.data(), 1};
  EXPECT_EQ(socket.send(&vector, 1), -2);
}

// On a unix socket the kernel reports room each time that the client takes something.
TEST_F(ClientSocketTest, AClientThatTakesItsAnswerCausesNoTurn) {
  start_read();
  run();
  const iovec vector{room.data(), room.size()};
  EXPECT_EQ(socket.send(&vector, 1), 100);
  EXPECT_EQ(client_reads(), 100U);
  EXPECT_FALSE(loop.turn(Wait::kMustNot));
}

/// The kernel refuses to watch it, as it would with fs.epoll.max_user_watches: its descriptor is in
/// the set already.
class RefusedSocketTest : public ClientSocketTest {
 protected:
  struct Other final : EventLoop::Source {
    void on_events(std::uint32_t /*events*/) noexcept override {}
  };
  RefusedSocketTest() { EXPECT_TRUE(loop.add(other, socket.fd(), EPOLLPRI)); }
  ~RefusedSocketTest() override { loop.forget(other); }

  Other other;
};

TEST_F(RefusedSocketTest, AReadThatWouldHaveToWaitFails) {
  start_read();
  run();
  EXPECT_EQ(result().first, ReadEnd::kError);
  start_read();
  run();
  EXPECT_EQ(result().first, ReadEnd::kError);
}

TEST_F(RefusedSocketTest, WhatIsThereIsReadAndSent) {
  client_sends("there");
  start_read();
  run();
  EXPECT_EQ(result(), data("there"));
  const iovec vector{room.data(), 1};
  EXPECT_EQ(socket.send(&vector, 1), 1);
}

TEST_F(RefusedSocketTest, AWaitForRoomEndsAndTheClientIsGone) {
  fill();
  socket.start_wait_writable();
  run();
  EXPECT_FALSE(socket.waiting_to_write());
  const iovec vector{room.data(), 1};
  EXPECT_EQ(socket.send(&vector, 1), -2);
  EXPECT_FALSE(socket.note_full());
}

TEST_F(ClientSocketTest, TheOwnerIsNotifiedOnceForAllItAskedFor) {
  socket.notify_owner();
  socket.notify_owner();
  EXPECT_EQ(notices, 0);
  run();
  EXPECT_EQ(notices, 1);
}

class Bystander final : public EventLoop::Source {
 public:
  void on_events(std::uint32_t /*events*/) noexcept override { then(); }
  std::function<void()> then = [] {};
};

TEST_F(ClientSocketTest, ABulkSenderHasItsTurnAfterAllOthers) {
  Bystander other;
  int before = -1;
  other.then = [&] { before = notices; };
  socket.set_bulk(true);
  socket.start_wait_writable();
  loop.queue(other);
  run();
  EXPECT_EQ(before, 0);
  EXPECT_EQ(notices, 1);
}

TEST_F(ClientSocketTest, RoomForABulkSenderIsNoticedAfterAllOthers) {
  Bystander other;
  int before = -1;
  other.then = [&] { before = notices; };
  fill();
  socket.start_wait_writable();
  run();
  socket.set_bulk(true);
  client_reads();
  loop.queue(other);
  run();
  EXPECT_EQ(before, 0);
  EXPECT_EQ(notices, 1);
  EXPECT_FALSE(socket.waiting_to_write());
}

TEST_F(ClientSocketTest, CloseEndsWhatIsPending) {
  fill();
  start_read();
  socket.start_wait_writable();
  run();
  socket.close();
  EXPECT_FALSE(socket.reading());
  EXPECT_FALSE(socket.waiting_to_write());
  run();
  EXPECT_EQ(notices, 0);
  EXPECT_FALSE(socket.is_open());
}

TEST_F(ClientSocketTest, TheNextClientStartsAfresh) {
  start_read();
  run();
  client.reset();
  run();
  EXPECT_EQ(result().first, ReadEnd::kEof);
  connect();
  start_read();
  run();
  EXPECT_TRUE(socket.reading());
  client_sends("hi");
  run();
  EXPECT_EQ(result(), data("hi"));
}

/// Another process has a copy, so the close alone tells the client nothing.
TEST_F(ClientSocketTest, EndsAllCopiesUnlessByAReset) {
  UniqueFd copy(::dup(socket.fd()));
  socket.end_by_reset(true);
  socket.shut_down_copies();
  socket.close();
  char byte = 0;
  EXPECT_LT(::recv(client.get(), &byte, 1, 0), 0) << "a reset comes with the last close";
  connect();
  copy = UniqueFd(::dup(socket.fd()));
  socket.shut_down_copies();
  socket.close();
  EXPECT_EQ(::recv(client.get(), &byte, 1, 0), 0) << "the client after one that was reset";
}

}  // namespace
}  // namespace alicorn
