#include "base/datagram_socket.hpp"

#include "tests/support/datagram_receiver.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace alicorn {
namespace {

using test::DatagramReceiver;

TEST(DatagramSocket, FindsTheNewSocketOfARestartedDaemon) {
  const test::TemporaryFolder folder;
  const std::string address = "unix:" + (folder / "log");
  DatagramSocket socket(*Address::parse(address));
  EXPECT_EQ(socket.send({"early"}), ENOENT);
  auto receiver = std::make_unique<DatagramReceiver>(address);
  EXPECT_EQ(socket.send({"one ", "datagram"}), 0);
  EXPECT_EQ(receiver->receive(), "one datagram");
  receiver.reset();
  EXPECT_NE(socket.send({"nobody"}), 0);
  receiver = std::make_unique<DatagramReceiver>(address);
  EXPECT_EQ(socket.send({"again"}), 0);
  EXPECT_EQ(receiver->receive(), "again");
  EXPECT_EQ(socket.take_lost(), 0U);
}

TEST(DatagramSocket, DoesNotWaitForASlowReceiver) {
  const test::TemporaryFolder folder;
  const DatagramReceiver receiver("unix:" + (folder / "log"));
  DatagramSocket socket(receiver.address());
  int error = 0;
  for (int i = 0; i < 100'000 && error == 0; ++i) error = socket.send({std::string(1000, 'x')});
  EXPECT_EQ(error, EAGAIN);
}

TEST(DatagramSocket, NoticesThatNobodyListensAtAPort) {
  auto receiver = std::make_unique<DatagramReceiver>("127.0.0.1:0");
  const Address address = receiver->address();
  DatagramSocket socket(address);
  EXPECT_EQ(socket.send({"heard"}), 0);
  EXPECT_EQ(socket.take_lost(), 0U);
  receiver.reset();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(socket.send({"unheard"}), 0);
  EXPECT_EQ(socket.take_lost(), 3U);
  receiver = std::make_unique<DatagramReceiver>(address.text());
  EXPECT_EQ(socket.send({"heard again"}), 0);
  EXPECT_EQ(receiver->receive(), "heard again");
  EXPECT_EQ(socket.take_lost(), 0U);
}

}  // namespace
}  // namespace alicorn
