#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "http/target.hpp"

namespace doppel::http {

/// The methods that a route can have. A request with any other is answered with 405 or 501 before
/// a handler sees it.
enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };

/// "GET".
std::string_view name_of(Method method);
/// Methods are case-sensitive: "get" is none.
std::optional<Method> method_of(std::string_view name);

/// Header fields in the order in which they were sent. Names are compared without regard to case.
struct Headers {
  struct Field {
    std::string name;
    std::string value;
  };
  std::vector<Field> fields;

  /// The first of this name; null when there is none.
  const std::string* find(std::string_view name) const;
  /// The first of this name, or "".
  std::string_view get(std::string_view name) const;
  /// All of this name joined by ", ": for fields that are lists.
  std::string list(std::string_view name) const;
  void add(std::string_view name, std::string_view value);
  /// In the place of all that have this name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
};

/// Whether both are the same but for ASCII case.
bool same_name(std::string_view a, std::string_view b);
/// Whether a text can be a header's name: a token of RFC 9110, section 5.6.2.
bool is_token(std::string_view text);
/// Whether a text can be a header's value: no control characters but tab, no blanks at the ends.
bool is_header_value(std::string_view text);

/// How the request came.
enum class Scheme { kHttp, kHttps };

/// A request that was read to its end. A plain value: handlers get it on any thread.
struct Request {
  Method method = Method::kGet;
  Target target = {};
  Headers headers = {};
  std::string body = {};
  std::string peer = {};  ///< the address of the other end of the connection, without its port
  std::string request_id = {};  ///< in the answer, the log and every problem
  Scheme scheme = Scheme::kHttp;
};

/// One event of an event stream (the EventSource chapter of the HTML standard).
struct Event {
  std::string id = {};    ///< what the client sends as Last-Event-ID when it comes back
  std::string type = {};  ///< without one it is a "message"
  std::string data = {};  ///< may have several lines
};

/// How an event looks on the wire. Line ends in id and type are left out.
std::string to_text(const Event& event);

/// The server's end of one client's event stream. Threads: any.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// False when the client is gone, or so slow that it was dropped: then nothing sent later
  /// arrives. Never waits: what the client hasn't read yet is kept, up to a limit of the server.
  virtual bool send(const Event& event) = 0;
  /// Ends the stream behind what was sent.
  virtual void close() = 0;
};

/// The next piece of an answer; nothing at its end. Called on worker threads, one at a time, and
/// only when the client has taken the piece before. One that throws breaks the connection, so that
/// the client can't mistake the part for the whole.
using Stream = std::function<std::optional<std::string>()>;

/// Called on a worker when the head of the answer has been sent. What it returns is kept until the
/// client is gone: a subscription that ends with it.
using Subscribe = std::function<std::shared_ptr<void>(std::shared_ptr<EventSink>)>;

/// An answer. Date, Content-Length, Connection and X-Request-Id are the server's to add.
struct Response {
  int status = 200;
  Headers headers = {};
  std::variant<std::string, Stream, Subscribe> body = std::string();

  /// The body as text; "" when it is a stream.
  std::string_view text() const;
};

/// 200 with a JSON body, unless another status is given.
Response json_response(const json::value& value, int status = 200);
Response text_response(std::string text, std::string_view content_type);
/// 204.
Response empty_response();
/// 303: see there, with GET.
Response see_other(std::string_view location);
Response stream_response(Stream stream, std::string_view content_type);
Response event_response(Subscribe subscribe);

/// The phrase of RFC 9110 for a status, "Unknown" for others.
std::string_view reason_of(int status);

}  // namespace doppel::http
