// Where in a site the app is served: the part of each path in front of the app's own. Plain
// functions. Master and worker.
#pragma once

#include <algorithm>
#include <string_view>

namespace alicorn {

/// "/shop" from "/shop" or "/shop/"; "" if that is no path that can stand in a link as it is.
inline std::string_view mount_of(std::string_view text) {
  constexpr std::size_t kMountMax = 256;
  while (text.ends_with('/')) text.remove_suffix(1);
  const auto is_plain = [](char c) {
    return c > ' ' && c <= '~' && std::string_view("?#\\,\"'<>").find(c) == std::string_view::npos;
  };
  // "//host/path" would be another site's, and "/." and "/.." lead elsewhere.
  const bool is_path = text.starts_with('/') && text.size() <= kMountMax &&
                       text.find("//") == std::string_view::npos &&
                       text.find("/.") == std::string_view::npos &&
                       std::all_of(text.begin(), text.end(), is_plain);
  return is_path ? text : std::string_view();
}

/// The app's own part of a path; all of it, if it does not lie below the mount.
inline std::string_view path_below(std::string_view mount, std::string_view path) {
  if (mount.empty() || !path.starts_with(mount)) return path;
  const std::string_view rest = path.substr(mount.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : path;
}

}  // namespace alicorn
