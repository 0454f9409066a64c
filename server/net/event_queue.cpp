#include "net/event_queue.hpp"

#include <utility>

namespace doppel::net {

EventQueue::EventQueue(std::size_t most_bytes, std::function<void()> on_change)
    : most_bytes_(most_bytes), on_change_(std::move(on_change)) {}

bool EventQueue::send(const http::Event& event) {
  const std::string text = http::to_text(event);
  bool is_news = false;
  bool is_kept = false;
  {
    const std::lock_guard lock(mutex_);
    if (end_ != End::kOpen) return false;
    is_kept = text.size() <= most_bytes_ - waiting_.size();
    if (is_kept) {
      is_news = waiting_.empty();
      waiting_ += text;
    } else {
      end_ = End::kDropped;
      is_news = true;
      std::string().swap(waiting_);
    }
  }
  if (is_news) on_change_();
  return is_kept;
}

void EventQueue::close() {
  if (end_with(End::kClosed)) on_change_();
}

void EventQueue::abandon() { end_with(End::kDropped); }

bool EventQueue::end_with(End end) {
  const std::lock_guard lock(mutex_);
  if (end_ != End::kOpen) return false;
  end_ = end;
  return true;
}

bool EventQueue::is_dropped() {
  const std::lock_guard lock(mutex_);
  return end_ == End::kDropped;
}

EventQueue::Taken EventQueue::take() {
  const std::lock_guard lock(mutex_);
  return {.text = std::exchange(waiting_, {}), .end = end_};
}

}  // namespace doppel::net
