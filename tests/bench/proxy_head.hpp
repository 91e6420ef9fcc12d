// The head that a browser sends through a proxy: ten fields, 847 bytes with GET. For the micro
// benchmarks; tests/bench/workloads.py has the same for whole servers.
#pragma once

#include <string>
#include <string_view>

namespace alicorn {

inline std::string proxy_head(std::string_view method, std::string_view further_fields = {}) {
  constexpr std::size_t kTokenSize = 312;
  std::string token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
  while (token.size() < kTokenSize) token += "eyJzdWIiOiJhbGljb3JuLWJlbmNo";
  token.resize(kTokenSize);
  std::string head(method);
  head +=
      " / HTTP/1.1\r\nHost: bench.example\r\n"
      "X-Forwarded-For: 203.0.113.195\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 203.0.113.195\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
      "Chrome/130.0.0.0 Safari/537.36\r\n"
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;"
      "q=0.8\r\n"
      "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9,nb;q=0.8\r\n"
      "Cookie: sessionid=0123456789abcdef0123456789abcdef; "
      "csrftoken=abcdefghijklmnopqrstuvwxyz0123456789\r\n"
      "Authorization: Bearer ";
  return head.append(token).append("\r\n").append(further_fields).append("\r\n");
}

}  // namespace alicorn
