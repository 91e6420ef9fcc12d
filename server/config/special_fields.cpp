#include "server/config/special_fields.hpp"

#include "base/ascii.hpp"
#include "server/config/python_application.hpp"
#include "workers/contract/mount.hpp"

#include <algorithm>

namespace alicorn {
namespace {

bool is_identifier(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '_'; });
}

void append_comma_separated(std::string_view text, std::vector<std::string>& items) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
  }
}

}  // namespace

Field application_field() {
  Field field;
  field.style = Field::Style::kQuoted;
  field.allowed = "APP.so, APP.so:SYMBOL, or MODULE:CALLABLE of Python";
  field.set = [allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    const std::string_view text = values.front();
    const std::size_t colon = text.rfind(':');
    std::string_view path = text;
    const WorkerSettings defaults;
    std::string_view symbol = defaults.app_symbol;
    // Only an identifier can be a symbol: any other colon belongs to the path.
    if (colon != std::string_view::npos && is_identifier(text.substr(colon + 1))) {
      path = text.substr(0, colon);
      symbol = text.substr(colon + 1);
    }
    if (auto fine = require_one_line(text); !fine) return fine;
    // An empty text means that no application was given: --print-config prints it, and that output
    // must be readable as a configuration.
    if ((path.empty() && !text.empty()) || path.ends_with(':')) return not_allowed(allowed, text);
    config.worker.app_path = path;
    config.worker.app_symbol = symbol;
    config.worker.python.application = is_python_name(text) ? text : "";
    return {};
  };
  field.get = [](const Config& config) {
    const WorkerSettings defaults;
    const WorkerSettings& worker = config.worker;
    if (!worker.python.application.empty()) return Values{worker.python.application};
    return Values{worker.app_symbol == defaults.app_symbol
                      ? worker.app_path
                      : worker.app_path + ':' + worker.app_symbol};
  };
  return field;
}

Field binds_field() {
  Field field;
  field.shape = Field::Shape::kList;
  field.style = Field::Style::kQuoted;
  field.allowed = "HOST:PORT, [V6]:PORT, unix:PATH or fd://N";
  field.set = [](Config& config, const Values& values) -> Result<void> {
    if (values.empty()) return fail("must name at least one address");
    std::vector<Address> binds;
    for (const std::string& value : values) {
      if (auto fine = require_one_line(value); !fine) return fine;
      auto address = Address::parse(value);
      if (!address) return fail("has a " + address.error().text());
      binds.push_back(std::move(*address));
    }
    config.binds = std::move(binds);
    return {};
  };
  field.get = [](const Config& config) {
    Values values;
    for (const Address& address : config.binds) values.push_back(address.text());
    return values;
  };
  return field;
}

Field umask_field() {
  Field field;
  field.allowed = "octal digits from 0 to 777, or \"inherit\"";
  field.set = [allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    config.umask.reset();
    if (values.front() == "inherit") return {};
    const auto mask = parse_octal(values.front());
    if (!mask || *mask > 0777) return not_allowed(allowed, values.front());
    config.umask = static_cast<mode_t>(*mask);
    return {};
  };
  field.get = [](const Config& config) {
    if (!config.umask) return Values{"inherit"};
    std::string digits = "000";
    for (unsigned i = 0; i < 3; ++i) {
      digits[2 - i] = static_cast<char>('0' + ((*config.umask >> (3 * i)) & 7U));
    }
    return Values{"0" + digits};
  };
  return field;
}

Field log_format_field() {
  const auto access = [](auto& config) -> auto& {
    return config.error_log.format;
  };
  Field field =
      choice_field(access, std::initializer_list<std::pair<std::string_view, log::Format>>{
                               {"text", log::Format::kText}, {"json", log::Format::kJson}});
  field.set = [set = field.set](Config& config, const Values& values) -> Result<void> {
    if (auto done = set(config, values); !done) return done;
    config.worker.access_log.json = config.error_log.format == log::Format::kJson;
    return {};
  };
  return field;
}

Field forwarded_allow_ips_field() {
  Field field;
  field.shape = Field::Shape::kList;
  field.style = Field::Style::kQuoted;
  field.allowed = "IP addresses, networks (10.0.0.0/8) or \"*\"";
  field.set = [](Config& config, const Values& values) -> Result<void> {
    config.worker.forwarded_allow_ips.clear();
    for (const std::string& value : values) {
      append_comma_separated(value, config.worker.forwarded_allow_ips);
    }
    return {};
  };
  field.get = [](const Config& config) { return config.worker.forwarded_allow_ips; };
  return field;
}

Field mount_field() {
  Field field;
  field.style = Field::Style::kQuoted;
  field.allowed = "a path such as /shop, of visible characters without ? and #";
  field.set = [allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    const std::string_view mount = mount_of(values.back());
    if (mount.empty() && !values.back().empty() && values.back() != "/") {
      return not_allowed(allowed, values.back());
    }
    config.worker.mount = mount;
    return {};
  };
  field.get = [](const Config& config) { return Values{config.worker.mount}; };
  return field;
}

Field static_field() {
  const auto access = [](auto& config) -> auto& {
    return config.worker.python.static_files;
  };
  Field field = named_texts_field(access, Field::Shape::kMap,
                                  "beginnings of paths with their directories, /static/=DIR");
  field.set = [set = field.set, allowed = field.allowed](Config& config,
                                                         const Values& values) -> Result<void> {
    Config draft;
    if (auto done = set(draft, values); !done) return done;
    for (const auto& [prefix, folder] : draft.worker.python.static_files) {
      if (!prefix.starts_with('/') || !prefix.ends_with('/') || folder.empty()) {
        return not_allowed(allowed, prefix);
      }
    }
    config.worker.python.static_files = std::move(draft.worker.python.static_files);
    return {};
  };
  return field;
}

Field preload_requests_field() {
  Field field;
  field.shape = Field::Shape::kList;
  field.style = Field::Style::kQuoted;
  field.allowed = "paths (/hello/), URLs (https://example.org/hello/) or requests (POST /hello/)";
  field.set = [allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    config.worker.python.preload_requests.clear();
    for (const std::string& value : values) {
      const std::string line = value.substr(0, value.find('\n'));
      const std::size_t blank = line.find(' ');
      const std::string url = blank == std::string::npos ? line : line.substr(blank + 1);
      const bool is_url =
          url.starts_with('/') || url.starts_with("http://") || url.starts_with("https://");
      const bool is_one = is_url && url.find_first_of(" #") == std::string::npos &&
                          (blank == std::string::npos || is_token(line.substr(0, blank)));
      if (!is_one) return not_allowed(allowed, line);
      config.worker.python.preload_requests.push_back(value);
    }
    return {};
  };
  field.get = [](const Config& config) { return config.worker.python.preload_requests; };
  return field;
}

Field pythonpath_field() {
  Field field;
  field.shape = Field::Shape::kList;
  field.style = Field::Style::kQuoted;
  field.allowed = "folders";
  field.set = [](Config& config, const Values& values) -> Result<void> {
    config.worker.python.path.clear();
    for (const std::string& value : values) {
      if (auto fine = require_one_line(value); !fine) return fine;
      append_comma_separated(value, config.worker.python.path);
    }
    return {};
  };
  field.get = [](const Config& config) { return config.worker.python.path; };
  return field;
}

Field crash_redact_field() {
  Field field;
  field.shape = Field::Shape::kList;
  field.style = Field::Style::kQuoted;
  field.allowed = "names of header fields";
  field.set = [allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    std::vector<std::string> names;
    for (const std::string& value : values) append_comma_separated(value, names);
    for (std::string& name : names) {
      make_lower(name);
      if (!is_token(name)) {
        return not_allowed(allowed, name);
      }
    }
    config.worker.crash.redact = std::move(names);
    return {};
  };
  field.get = [](const Config& config) { return config.worker.crash.redact; };
  return field;
}

Field secure_scheme_headers_field() {
  const auto access = [](auto& config) -> auto& {
    return config.worker.secure_scheme_headers;
  };
  Field field =
      named_texts_field(access, Field::Shape::kMap, "field names with the value that means https");
  field.set = [set = field.set](Config& config, const Values& values) -> Result<void> {
    Values lowered = values;
    for (std::string& value : lowered) {
      for (char& c : value) {
        if (c == '=') break;
        c = to_lower(c);
      }
    }
    Config draft;
    if (auto done = set(draft, lowered); !done) return done;
    for (const auto& [name, value] : draft.worker.secure_scheme_headers) {
      // No field can have any other name (nor "x-scheme "), so it would never match.
      if (!is_token(name)) return not_allowed("field names, NAME=VALUE", name);
      if (auto fine = require_one_line(value); !fine) return fine;
    }
    config.worker.secure_scheme_headers = std::move(draft.worker.secure_scheme_headers);
    return {};
  };
  return field;
}

}  // namespace alicorn
