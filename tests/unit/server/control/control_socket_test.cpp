#include "server/control/control_socket.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A control socket with a clock that the test moves.
class Control : public testing::Test {
 protected:
  Control() { socket.listen(ControlListener::open(path).value()); }
  ~Control() override { socket.listen({}); }

  UniqueFd client() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const Address address = Address::parse("unix:" + path).value();
    EXPECT_EQ(::connect(fd.get(), address.data(), address.size()), 0);
    return fd;
  }
  static void send(const UniqueFd& fd, std::string_view text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  /// The bytes received; "closed" once the server has closed the connection and all is read.
  static std::string received(const UniqueFd& fd) {
    std::string text(1 << 16, '\0');
    const ssize_t size = ::recv(fd.get(), text.data(), text.size(), 0);
    if (size == 0 || (size < 0 && errno == ECONNRESET)) return "closed";
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  std::vector<ControlRequest> serve() { return socket.serve(clock); }

  TemporaryFolder folder;
  const std::string path = folder / "ctl";
  ControlSocket socket;
  MonotonicTime clock{std::chrono::hours{1}};
};

TEST_F(Control, ReadsALineAndSendsAnAnswer) {
  const UniqueFd fd = client();
  EXPECT_THAT(serve(), IsEmpty());
  send(fd, "sta");
  EXPECT_THAT(serve(), IsEmpty());
  send(fd, "tus\nmore");
  const auto requests = serve();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].line, "status");
  EXPECT_EQ(requests[0].pid, ::getpid());
  EXPECT_EQ(requests[0].uid, ::geteuid());
  socket.answer(requests[0].client, "{}", clock);
  EXPECT_EQ(received(fd), "{}\n");
  EXPECT_EQ(received(fd), "closed");
  EXPECT_THAT(socket.descriptors(), SizeIs(1)) << "the listener alone";
}

TEST_F(Control, AcceptsALineWithoutALineEnd) {
  const UniqueFd fd = client();
  send(fd, "status");
  ::shutdown(fd.get(), SHUT_WR);
  std::vector<ControlRequest> requests = serve();
  if (requests.empty()) requests = serve();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].line, "status");
  EXPECT_THAT(serve(), IsEmpty());
  socket.answer(requests[0].client, "late", clock);
  EXPECT_EQ(received(fd), "late\n") << "half-closed is not gone";
}

TEST_F(Control, RefusesALineThatIsTooLong) {
  const UniqueFd fd = client();
  send(fd, std::string(ControlSocket::kRequestMax + 1, 'x'));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(serve(), IsEmpty());
  EXPECT_THAT(received(fd), HasSubstr("a line of at most 4096 bytes"));
  EXPECT_EQ(received(fd), "closed");
}

TEST_F(Control, DropsASilentClient) {
  const UniqueFd fd = client();
  serve();
  EXPECT_EQ(socket.next_deadline(clock), clock + ControlSocket::kRequestTime);
  clock += ControlSocket::kRequestTime - milliseconds(1);
  serve();
  EXPECT_EQ(received(fd), "");
  clock += milliseconds(1);
  serve();
  EXPECT_EQ(received(fd), "closed");
  EXPECT_FALSE(socket.next_deadline(clock));
}

TEST_F(Control, DropsAClientThatDoesNotReadItsAnswer) {
  const UniqueFd fd = client();
  send(fd, "requests\n");
  socket.answer(serve().at(0).client, std::string(4 << 20, 'x'), clock);
  const auto awaited = socket.awaited(clock);
  ASSERT_THAT(awaited, SizeIs(2));
  EXPECT_EQ(awaited[1].events, POLLOUT);
  serve();
  EXPECT_THAT(socket.descriptors(), SizeIs(2));
  clock += ControlSocket::kAnswerTime;
  serve();
  EXPECT_THAT(socket.descriptors(), SizeIs(1));
}

TEST_F(Control, SendsAnAnswerAsFastAsTheClientReads) {
  const UniqueFd fd = client();
  send(fd, "requests\n");
  const std::string answer(2 << 20, 'x');
  socket.answer(serve().at(0).client, answer, clock);
  std::string all;
  for (std::string text; (text = received(fd)) != "closed"; serve()) all += text;
  EXPECT_EQ(all, answer + '\n');
}

TEST_F(Control, ForgetsAWaitingClientThatLeaves) {
  UniqueFd fd = client();
  send(fd, "reload --wait\n");
  const std::uint64_t number = serve().at(0).client;
  clock += ControlSocket::kRequestTime + ControlSocket::kAnswerTime;
  serve();
  EXPECT_TRUE(socket.waits(number)) << "it may wait as long as it likes";
  fd.reset();
  serve();
  EXPECT_THAT(socket.descriptors(), SizeIs(1));
  socket.answer(number, "{}", clock);
}

TEST_F(Control, SendsSignsOfLifeToAWaitingClient) {
  const UniqueFd fd = client();
  send(fd, "reload --wait\n");
  const std::uint64_t number = serve().at(0).client;
  EXPECT_EQ(socket.next_deadline(clock), clock + ControlSocket::kBetweenSigns);
  serve();
  EXPECT_EQ(received(fd), "");
  clock += ControlSocket::kBetweenSigns;
  serve();
  EXPECT_EQ(received(fd), " ");
  EXPECT_EQ(socket.next_deadline(clock), clock + ControlSocket::kBetweenSigns);
  socket.answer(number, "{}", clock);
  EXPECT_EQ(received(fd), "{}\n");
}

TEST_F(Control, AcceptsANewcomerWhenOthersStaySilent) {
  std::vector<UniqueFd> silent;
  for (std::size_t i = 0; i < ControlSocket::kClientsMax; ++i) silent.push_back(client());
  serve();
  const UniqueFd asking = client();
  send(asking, "status\n");
  EXPECT_THAT(serve(), IsEmpty()) << "the others have their moment";
  EXPECT_EQ(socket.next_deadline(clock), clock + ControlSocket::kTurnTime);
  clock += ControlSocket::kTurnTime;
  EXPECT_THAT(socket.awaited(clock), SizeIs(ControlSocket::kClientsMax + 1));
  const auto requests = serve();
  ASSERT_THAT(requests, SizeIs(1));
  socket.answer(requests[0].client, "{}", clock);
  EXPECT_EQ(received(asking), "{}\n");
  EXPECT_THAT(received(silent.front()), HasSubstr("other clients wait")) << "the longest there";
  EXPECT_EQ(received(silent.back()), "") << "nobody needs its place";
}

TEST_F(Control, AcceptsANewcomerWhenOthersNeitherReadNorFinishALine) {
  std::vector<UniqueFd> others;
  for (std::size_t i = 0; i < ControlSocket::kClientsMax; ++i) others.push_back(client());
  for (std::size_t i = 0; i < others.size() / 2; ++i) send(others[i], "requests\n");
  for (const ControlRequest& request : serve()) {
    socket.answer(request.client, std::string(4 << 20, 'x'), clock);
  }
  const MonotonicTime end = clock + ControlSocket::kTurnTime;
  for (; clock < end; clock += milliseconds(10)) {  // a byte now and then is not a request
    for (std::size_t i = others.size() / 2; i < others.size(); ++i) send(others[i], "x");
    serve();
  }
  for (std::size_t i = 0; i < ControlSocket::kClientsMax; ++i) {
    const UniqueFd asking = client();
    send(asking, "status\n");
    const auto requests = serve();
    ASSERT_THAT(requests, SizeIs(1)) << i;
    socket.answer(requests[0].client, "{}", clock);
  }
}

TEST_F(Control, NeverDropsAWaitingClient) {
  std::vector<UniqueFd> waiting;
  for (std::size_t i = 0; i < ControlSocket::kClientsMax; ++i) {
    waiting.push_back(client());
    send(waiting.back(), "stop --wait\n");
  }
  EXPECT_THAT(serve(), SizeIs(ControlSocket::kClientsMax));
  const UniqueFd asking = client();
  clock += ControlSocket::kTurnTime;
  serve();
  EXPECT_THAT(socket.awaited(clock), SizeIs(ControlSocket::kClientsMax)) << "not the listener";
  for (const UniqueFd& fd : waiting) EXPECT_EQ(received(fd), "");
}

TEST_F(Control, AcceptsFurtherClientsWhenOthersHaveLeft) {
  std::vector<UniqueFd> clients;
  for (std::size_t i = 0; i < ControlSocket::kClientsMax + 1; ++i) clients.push_back(client());
  serve();
  EXPECT_THAT(socket.descriptors(), SizeIs(ControlSocket::kClientsMax + 1));
  EXPECT_THAT(socket.awaited(clock), SizeIs(ControlSocket::kClientsMax)) << "not the listener";
  clients.front().reset();
  send(clients.back(), "status\n");
  EXPECT_THAT(serve(), SizeIs(1));
}

TEST_F(Control, WaitsForNothingAfterClosingWhileOutOfDescriptors) {
  const UniqueFd waiting = client();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd last(::dup(waiting.get()));
  const rlimit none{.rlim_cur = static_cast<rlim_t>(last.get()), .rlim_max = before.rlim_max};
  // Do not use the fixture here: UBSan inspects its type, and needs a descriptor for that.
  ControlSocket& served = socket;
  const MonotonicTime time = clock;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto requests = served.serve(time);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(requests, IsEmpty());
  EXPECT_TRUE(socket.next_deadline(clock)) << "then it is to be tried again";
  socket.listen({});
  EXPECT_FALSE(socket.next_deadline(clock));
}

}  // namespace
}  // namespace alicorn
