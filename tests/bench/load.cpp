// Closed-loop clients that check every answer, half of them on kept connections, half on a new one
// per request. Prints what became of the requests as one line of JSON; run by hand, or by
// operations.py.
//
//   load ADDRESS SECONDS CLIENTS [TARGET [BODY]]
#include "tests/support/load.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using alicorn::Address;
using alicorn::test::Load;
using alicorn::test::LoadReport;

constexpr int kBadUsage = 2;

void print(const LoadReport& kept, const LoadReport& closed) {
  std::cout << R"({"answered": )" << kept.answered + closed.answered << R"(, "lost": )"
            << kept.lost + closed.lost << R"(, "refused": )" << kept.refused + closed.refused
            << R"(, "kept_alive": )" << kept.answered << "}\n";
  for (const LoadReport* report : {&kept, &closed}) {
    for (const std::string& problem : report->problems) std::cerr << "load: " << problem << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3 || words.size() > 5) {
    std::cerr << "usage: load ADDRESS SECONDS CLIENTS [TARGET [BODY]]\n";
    return kBadUsage;
  }
  const auto address = Address::parse(words[0]);
  const double seconds = std::atof(words[1].c_str());
  const int clients = std::atoi(words[2].c_str());
  if (!address || seconds <= 0 || clients < 2) {
    std::cerr
        << "load: an address such as 127.0.0.1:8000, a time in seconds, and at least 2 clients\n";
    return kBadUsage;
  }
  Load::Shape shape{.clients = clients / 2, .keep_alive = true};
  if (words.size() > 3) shape.target = words[3];
  if (words.size() > 4) shape.expected_body = words[4];
  auto kept = std::make_unique<Load>(*address, shape);
  shape.keep_alive = false;
  shape.clients = clients - shape.clients;
  auto closed = std::make_unique<Load>(*address, shape);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const LoadReport of_kept = kept->stop();
  print(of_kept, closed->stop());
  return EXIT_SUCCESS;
}
