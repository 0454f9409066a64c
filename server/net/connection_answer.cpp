// How a connection has a request answered, and sends the answer.
#include <algorithm>

#include <boost/asio/post.hpp>

#include "http/problem.hpp"
#include "net/connection.hpp"

namespace doppel::net {
namespace {

/// Written in one go; the client has Times::write to take it.
constexpr std::size_t kBlock = 64 * http::kKibibyte;

}  // namespace

/// A stream that a worker pulls, and the piece that it gave last.
struct Connection::Puller {
  http::Stream stream;
  std::optional<std::string> piece;
  std::string failure;

  void pull() {
    try {
      piece = stream();
    } catch (const std::exception& error) {
      piece.reset();
      failure = error.what();
    } catch (...) {
      piece.reset();
      failure = "something that is no exception was thrown";
    }
  }
};

std::shared_ptr<Connection::Task> Connection::task_of(std::function<void()> work) {
  auto task = std::make_shared<Task>();
  task->work = std::move(work);
  task->connection = weak_from_this();
  return task;
}

WorkerPool::Job Connection::job_of(std::shared_ptr<Task> task) {
  return [task = std::move(task), &core = core_] {
    if (!task->is_pointless) task->work();
    // What the work holds is the application's: it ends on this thread.
    task->work = nullptr;
    asio::post(core.io, [task] {
      task->is_done = true;
      if (const auto connection = task->connection.lock()) connection->wake();
    });
  };
}

awaitable<void> Connection::finish_of(std::shared_ptr<Task> task) {
  Failure ignored;
  while (!task->is_done) {
    if (is_expired_ || is_aborted_) break;
    wake_.expires_at(Time::max());
    co_await wake_.async_wait(token(ignored));
  }
  if (!task->is_done) task->is_pointless = true;
}

awaitable<void> Connection::handle() {
  const auto exchange = exchange_;
  const std::string request_id = exchange->request.request_id;
  const auto task = task_of([exchange, &handler = core_.handler] {
    const std::string& id = exchange->request.request_id;
    const Error defect(ErrorCode::kInternal, "a handler failed");
    try {
      exchange->response = handler(exchange->request);
    } catch (const Error& error) {
      exchange->response = http::problem_response(error, id);
      if (http::is_internal(error.code())) exchange->failure = error.what();
    } catch (const std::exception& error) {
      exchange->response = http::problem_response(defect, id);
      exchange->failure = error.what();
    } catch (...) {
      exchange->response = http::problem_response(defect, id);
      exchange->failure = "something that is no exception was thrown";
    }
  });
  enter(Phase::kHandler, core_.settings.times.handler);
  if (!core_.pool.try_submit(job_of(task))) {
    ++core_.counters.queue_refusals;
    const Error full(ErrorCode::kOverloaded, "too many requests wait");
    response_ = http::problem_response(full, request_id);
    co_return;
  }
  co_await finish_of(task);
  if (task->is_done) {
    response_ = std::move(exchange->response);
    if (!exchange->failure.empty()) fail(exchange->failure);
    co_return;
  }
  const Error late(ErrorCode::kTimedOut, "the answer took too long");
  response_ = http::problem_response(late, request_id);
  afterwards_ = Afterwards::kClose;
  outcome_ = "timed_out";
}

void Connection::fail(const std::string& what) {
  ++core_.counters.handler_failures;
  outcome_ = "failed";
  if (!core_.surroundings.log) return;
  core_.surroundings.log(
      failure_line(core_.surroundings.clock.now(), exchange_->request.request_id, what));
}

bool Connection::is_sound() const {
  constexpr int kFirst = 200;
  constexpr int kBeyond = 600;
  return response_.status >= kFirst && response_.status < kBeyond;
}

bool Connection::has_body() const { return response_.status != 204 && response_.status != 304; }

Framing Connection::framing() const {
  if (!has_body()) return Framing::kNone;
  if (std::holds_alternative<std::string>(response_.body)) return Framing::kLength;
  return version_ == http::Version::k10 ? Framing::kClose : Framing::kChunked;
}

std::string Connection::head_of_answer() {
  const auto head = [this] {
    const HeadFacts facts{.framing = framing(),
                          .content_length = response_.text().size(),
                          .afterwards = afterwards_,
                          .date = core_.date(),
                          .request_id = exchange_->request.request_id};
    return response_head(response_, facts);
  };
  if (is_sound()) {
    if (auto text = head()) return std::move(*text);
  }
  fail("the answer has a status or a header that can't be sent");
  const Error defect(ErrorCode::kInternal, "a handler failed");
  response_ = http::problem_response(defect, exchange_->request.request_id);
  return head().value();
}

awaitable<void> Connection::send() {
  if (is_aborted_) {
    is_broken_ = true;
    outcome_ = "aborted";
    co_return;
  }
  const bool is_events = std::holds_alternative<http::Subscribe>(response_.body);
  if (is_events) {
    if (core_.event_streams >= core_.settings.limits.event_streams) {
      const Error full(ErrorCode::kOverloaded, "there are too many event streams");
      response_ = http::problem_response(full, exchange_->request.request_id);
    } else {
      afterwards_ = Afterwards::kClose;
    }
  }
  if (core_.is_draining || framing() == Framing::kClose) afterwards_ = Afterwards::kClose;
  std::string bytes = head_of_answer();
  const Framing end = framing();
  const bool is_head = exchange_->request.method == http::Method::kHead;
  if (is_head || !has_body()) {
    co_await send_bytes(bytes);
  } else if (end == Framing::kLength) {
    bytes += response_.text();
    co_await send_bytes(bytes);
  } else {
    co_await send_bytes(bytes);
    if (auto* stream = std::get_if<http::Stream>(&response_.body); stream != nullptr) {
      co_await send_stream(std::move(*stream), end);
    } else {
      answered_ = std::chrono::steady_clock::now();
      co_await send_events(std::move(std::get<http::Subscribe>(response_.body)), end);
    }
  }
  // What the answer holds may have to wait for something when it ends.
  if (!std::holds_alternative<std::string>(response_.body)) {
    core_.dispose(std::make_shared<decltype(response_.body)>(std::move(response_.body)));
    response_.body = std::string();
  }
}

awaitable<void> Connection::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    if (is_broken_) co_return;
    const std::string_view block = bytes.substr(0, kBlock);
    bytes.remove_prefix(block.size());
    enter(Phase::kWrite, core_.settings.times.write);
    Failure failure;
    co_await channel_.write(block, failure);
    if (failure) {
      is_broken_ = true;
      outcome_ = is_expired_ ? "timed_out" : "client_gone";
      co_return;
    }
    sent_ += block.size();
    core_.counters.bytes_sent += block.size();
  }
}

awaitable<void> Connection::send_stream(http::Stream stream, Framing framing) {
  const auto puller = std::make_shared<Puller>();
  puller->stream = std::move(stream);
  while (!is_broken_) {
    const auto task = task_of([puller] { puller->pull(); });
    enter(Phase::kHandler, core_.settings.times.handler);
    core_.pool.submit(job_of(task));
    co_await finish_of(task);
    if (!task->is_done || !puller->failure.empty()) {
      // The end of the body must not seem to be its end.
      fail(task->is_done ? puller->failure : "a stream took too long");
      is_broken_ = true;
    } else if (!puller->piece) {
      if (framing == Framing::kChunked) co_await send_bytes(kLastChunk);
      break;
    } else if (!puller->piece->empty()) {
      const bool is_chunk = framing == Framing::kChunked;
      const std::string bytes = is_chunk ? chunk_of(*puller->piece) : std::move(*puller->piece);
      co_await send_bytes(bytes);
    }
  }
  core_.dispose(puller);
}

}  // namespace doppel::net
