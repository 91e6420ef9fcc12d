#include "web/request_data.hpp"

#include "jose/json.hpp"
#include "text/text.hpp"
#include "web/form.hpp"
#include "web/json_syntax.hpp"
#include "web/media_type.hpp"
#include "web/multipart.hpp"
#include "web/reply.hpp"

#include <boost/json/array.hpp>
#include <boost/json/error.hpp>

#include <algorithm>

namespace jwt_auth {
namespace {

namespace json = boost::json;

using Names = std::vector<std::string_view>;

constexpr JsonLimits kBodyLimits{kBodyBytesMax, 64, kFormFieldsMax};

std::string utf8_complaint(std::string_view body, const Utf8Error& error) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(body[error.position]);
  const std::string at = std::to_string(error.position);
  const std::string which =
      error.size == 1
          ? std::string("byte 0x") + kDigits[byte >> 4] + kDigits[byte & 15] + " in position " + at
          : "bytes in position " + at + "-" + std::to_string(error.position + error.size - 1);
  return "'utf-8' codec can't decode " + which + ": " + std::string(error.why);
}

Refusal json_refusal(const std::string& why) {
  return refusal(400, "JSON parse error - " + why);
}

/// Where CPython accepts the JSON but we do not, the words are ours.
std::string json_complaint(std::string_view body, json::error_code failure) {
  if (auto error = find_json_error(body)) return *std::move(error);
  if (failure == json::error::too_deep) return "too deeply nested";
  if (failure == json::error::object_too_large) return "too many fields";
  return failure.message();
}

json::value read_json(std::string_view body, const Names& names) {
  if (const auto error = find_utf8_error(body)) throw json_refusal(utf8_complaint(body, *error));
  json::error_code failure;
  json::value data = parse_members(body, names, kBodyLimits, failure);
  if (failure) throw json_refusal(json_complaint(body, failure));
  return data;
}

json::object read_form(std::string_view body, const Names& names) {
  const auto fields = parse_form(body);
  if (!fields) throw refusal(400, "Form parse error - too many fields");
  json::object data;
  for (const std::string_view name : names) {
    if (const std::string* value = last_field(*fields, name)) data[name] = *value;
  }
  return data;
}

json::object read_multipart(std::string_view body, std::string_view content_type,
                            const MediaType& type, const Names& names) {
  const auto is_ascii = [](char character) { return static_cast<unsigned char>(character) < 0x80; };
  if (!std::all_of(content_type.begin(), content_type.end(), is_ascii)) {
    throw refusal(400,
                  "Multipart form parse error - Invalid non-ASCII Content-Type in multipart: " +
                      utf8_from_latin1(content_type));
  }
  const std::string boundary = type.parameter("boundary");
  if (!is_boundary(boundary)) {
    const std::string shown = boundary.empty() ? "None" : boundary;
    throw refusal(400, "Multipart form parse error - Invalid boundary in multipart: " + shown);
  }
  const auto parts = parse_multipart(body, boundary);
  if (!parts) throw refusal(400, "Multipart form parse error - too many fields");
  json::object data;
  for (const FormPart& part : *parts) {
    if (std::find(names.begin(), names.end(), part.name) == names.end()) continue;
    // A file is data, too, but never text: an array gets the same complaint.
    if (part.is_file) {
      data[part.name] = json::array();
    } else {
      data[part.name] = part.value;
    }
  }
  return data;
}

/// Python's name for the type of a JSON value.
std::string_view python_type(const json::value& value) {
  switch (value.kind()) {
    case json::kind::array:
      return "list";
    case json::kind::string:
      return "str";
    case json::kind::bool_:
      return "bool";
    case json::kind::double_:
      return "float";
    default:
      return "int";
  }
}

struct FieldResult {
  std::string text;
  std::string_view complaint;
};

/// The checks of Django REST framework's CharField.
FieldResult char_field(const json::value* value) {
  if (value == nullptr) return {"", "This field is required."};
  if (value->is_null()) return {"", "This field may not be null."};
  if (value->is_bool() || value->is_structured()) return {"", "Not a valid string."};
  if (!value->is_string()) return {dump_ascii(*value), ""};
  const std::string_view text = trim_white_space(value->get_string());
  if (text.empty()) return {"", "This field may not be blank."};
  if (text.find('\0') != std::string_view::npos) {
    return {"", "Null characters are not allowed."};
  }
  return {std::string(text), ""};
}

}  // namespace

json::value read_data(const alicorn::Request& request, const Names& names) {
  const std::string_view body = request.body();
  if (body.empty()) return json::object();
  const std::string_view content_type = request.header("content-type").value_or("");
  const MediaType type = parse_media_type(content_type);
  const bool is_json = type.is("application", "json");
  const bool is_form = type.is("application", "x-www-form-urlencoded");
  if (!is_json && !is_form && !type.is("multipart", "form-data")) {
    throw refusal(415,
                  "Unsupported media type \"" + utf8_from_latin1(content_type) + "\" in request.");
  }
  if (body.size() > kBodyBytesMax) {
    const std::string_view parser = is_json ? "JSON" : is_form ? "Form" : "Multipart form";
    throw refusal(400, std::string(parser) + " parse error - more than " +
                           std::to_string(kBodyBytesMax) + " bytes");
  }
  if (is_json) return read_json(body, names);
  return is_form ? read_form(body, names) : read_multipart(body, content_type, type, names);
}

std::vector<std::string> require_fields(const json::value& data, const Names& names) {
  if (data.is_null()) {
    throw Refusal(json_reply(400, {{"non_field_errors", {"No data provided"}}}));
  }
  const json::object* object = data.if_object();
  if (object == nullptr) {
    const std::string what =
        "Invalid data. Expected a dictionary, but got " + std::string(python_type(data)) + ".";
    throw Refusal(json_reply(400, {{"non_field_errors", json::array{what}}}));
  }
  std::vector<std::string> texts;
  json::object complaints;
  for (const std::string_view name : names) {
    FieldResult result = char_field(object->if_contains(name));
    if (!result.complaint.empty()) complaints[name] = json::array{result.complaint};
    texts.push_back(std::move(result.text));
  }
  if (!complaints.empty()) throw Refusal(json_reply(400, complaints));
  return texts;
}

}  // namespace jwt_auth
