#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "http/message.hpp"

namespace doppel::net {

/// What one client of an event stream hasn't taken yet. Filled by any thread, emptied by the thread
/// of the connections.
class EventQueue final : public http::EventSink {
 public:
  /// `on_change` is called, from the thread that sends, when there is something to take after there
  /// was nothing, and when the queue ends.
  EventQueue(std::size_t most_bytes, std::function<void()> on_change);

  bool send(const http::Event& event) override;
  void close() override;

  enum class End {
    kOpen,
    kClosed,   ///< by who sends: what is there is still to be written
    kDropped,  ///< the client didn't keep up: nothing more is written
  };
  struct Taken {
    std::string text;  ///< all that is there, as it is written
    End end = End::kOpen;
  };
  Taken take();
  bool is_dropped();

  /// The client is gone; nothing can be sent from now on.
  void abandon();

 private:
  bool end_with(End end);

  const std::size_t most_bytes_;
  const std::function<void()> on_change_;
  std::mutex mutex_;
  std::string waiting_;
  End end_ = End::kOpen;
};

}  // namespace doppel::net
