#include "app_api/loader_answer.hpp"

#include <algorithm>

namespace alicorn {
namespace {

/// Matches "undefined symbol: use  (./app.so)" and "symbol use, version 2 not defined in file ...
/// (./app.so)".
bool is_unresolved(std::string_view line) {
  return line.find("\t(") != std::string_view::npos && line.ends_with(')');
}

/// Matches "./app.so: /lib/libx.so.1: version `X_2' not found (required by ./app.so)".
bool is_missing_version(std::string_view line) {
  return line.find("' not found (required by ") != std::string_view::npos;
}

}  // namespace

std::vector<std::string> refusals_in(const LoaderAnswer& answer) {
  std::vector<std::string> refusals;
  std::string_view rest = answer.text;
  while (!rest.empty()) {
    std::string line(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty() || !(answer.is_refusal || is_unresolved(line) || is_missing_version(line))) {
      continue;
    }
    std::replace(line.begin(), line.end(), '\t', ' ');
    refusals.push_back(std::move(line));
  }
  if (answer.is_refusal && refusals.empty()) refusals.emplace_back("the loader refuses it");
  return refusals;
}

}  // namespace alicorn
