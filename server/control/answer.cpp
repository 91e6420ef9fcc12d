#include "server/control/answer.hpp"

#include "base/escape.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace alicorn {

namespace json = boost::json;

std::string done(std::initializer_list<std::pair<std::string_view, std::int64_t>> numbers) {
  json::object answer{{"ok", true}};
  for (const auto& [name, number] : numbers) answer[{name.data(), name.size()}] = number;
  return json::serialize(answer);
}

std::string refusal(std::string_view reason) {
  std::string text;
  append_escaped(text, reason, Escaping::kText);
  return json::serialize(json::object{{"ok", false}, {"error", text}});
}

}  // namespace alicorn
