// IPv6 and IPv4 clients of one address, and environment variables that a worker cannot be given.
#include "base/unique_fd.hpp"
#include "tests/support/installed_app.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <string>

#include <signal.h>
#include <sys/socket.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Address at_port(const std::string& ip, const Address& of) {
  return Address::parse(ip + ":" + std::to_string(of.port())).value();
}

TEST(Families, AnyIpv6AddressServesIpv4ClientsUnderTheirOwnAddress) {
  const ServerProcess server(
      example("echo"), {"-b", "[::]:0", "--access-logfile", "access.log", "--access-logformat",
                        "%(h)s", "--forwarded-allow-ips", "127.0.0.1"});
  const std::string request =
      "GET /headers HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\nConnection: "
      "close\r\n\r\n";
  EXPECT_EQ(ask(at_port("[::1]", server.address()), request).status, 200);
  EXPECT_EQ(ask(at_port("127.0.0.1", server.address()), request).status, 200);
  // The IPv4 client is the trusted proxy in forwarded_allow_ips; the IPv6 client is not.
  EXPECT_TRUE(eventually([&] {
    return read_file(server.file("access.log")) == "::1\n192.0.2.7\n";
  })) << read_file(server.file("access.log"));
}

bool kernel_knows_of_refusals() {
#ifndef SO_PASSRIGHTS
  constexpr int SO_PASSRIGHTS = 83;
#endif
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int off = 0;
  return ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off) == 0;
}

/// The worker would close such a socket, and be blocked if it lingers.
TEST(Families, UnixSocketAcceptsNoDescriptorsFromItsClients) {
  if (!kernel_knows_of_refusals()) GTEST_SKIP() << "before Linux 6.16";
  const ServerProcess server(example("echo"), {"-b", "unix:http.sock"});
  const Address address = Address::parse("unix:" + server.file("http.sock")).value();
  const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), address.data(), address.size()), 0);
  char byte = 'G';
  iovec piece{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  *rights = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  const int attached = client.get();
  std::memcpy(CMSG_DATA(rights), &attached, sizeof attached);
  EXPECT_EQ(::sendmsg(client.get(), &message, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ask(address, get("/status")).status, 200);
}

TEST(Families, AnyIpv6AddressMayLeaveIpv4ToOthers) {
  const ServerProcess server(example("echo"), {"-b", "[::]:0", "--bind-ipv6-only"});
  EXPECT_EQ(ask(at_port("[::1]", server.address()), get("/status")).status, 200);
  EXPECT_FALSE(takes_connections(at_port("127.0.0.1", server.address())));
}

/// First only [::], which takes the port for both families; then 0.0.0.0 beside it.
TEST(Families, AReloadCannotTakeIpv4FromAnOpenAddressAndReportsIt) {
  const InstalledApp app{example("echo")};
  const ServerProcess server{app.path(),
                             {},
                             {.configuration = "application: " + app.path() + "\nbind: '[::]:0'\n",
                              .wrapper = {"/bin/sh", "-c", "exec \"$0\" -c alicorn.yaml"}}};
  const std::string port = std::to_string(server.address().port());
  std::ofstream(server.file("alicorn.yaml"))
      << "application: " << app.path() << "\nbind: ['[::]:0', '0.0.0.0:" << port << "']\n";
  server.signal(SIGHUP);
  ASSERT_TRUE(server.logs("the old configuration stays"));
  EXPECT_THAT(server.log(), HasSubstr("the server itself listens at [::]:" + port +
                                      " for both families; only a restart"));
  EXPECT_EQ(ask(at_port("127.0.0.1", server.address()), get("/status")).status, 200);
}

TEST(Families, BothAddressesOfAPortMayBeNamed) {
  std::string port;
  {
    const ServerProcess taken(example("echo"), {"-b", "[::]:0"});
    port = std::to_string(taken.address().port());
  }
  const ServerProcess server(example("echo"), {"-b", "[::]:" + port, "-b", "0.0.0.0:" + port});
  EXPECT_EQ(ask(at_port("[::1]", server.address()), get("/status")).status, 200);
  EXPECT_EQ(ask(at_port("127.0.0.1", server.address()), get("/status")).status, 200);
  EXPECT_THAT(server.log(), Not(HasSubstr("goes on taking")));
}

TEST(Environment, RefusesALoaderVariableWithTheReason) {
  const CommandResult result =
      run_server({"-b", "127.0.0.1:0", "-e", "LD_LIBRARY_PATH=/tmp", example("echo")});
  EXPECT_EQ(result.ending.exit_code, 2);
  EXPECT_THAT(result.output, HasSubstr("LD_LIBRARY_PATH, which the dynamic loader read"));
  EXPECT_THAT(result.output, HasSubstr("systemd: Environment="));
}

TEST(Remarks, AppearInCheckConfigAndInTheLog) {
  const CommandResult result =
      run_server({"--check-config", "--crash-files", "7", example("echo")});
  EXPECT_EQ(result.ending.exit_code, 0);
  EXPECT_THAT(result.output,
              HasSubstr("warning: --crash-files has no effect: crash_dir is not set"));
  const ServerProcess server(example("echo"), {"--crash-files", "7"});
  EXPECT_THAT(server.log(), HasSubstr("--crash-files has no effect: crash_dir is not set"));
}

}  // namespace
}  // namespace alicorn::test
