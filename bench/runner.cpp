#include "bench/runner.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <fmt/core.h>

#include "base/json.hpp"

namespace doppel::bench {
namespace {

std::string milliseconds(double value) {
  if (value < 1) return fmt::format("{:.3f}", value);
  return value < 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

std::optional<double> ratio(const Line& line) {
  if (!line.peer || line.peer->laps.empty() || line.laps.empty()) return std::nullopt;
  const auto figure = [&](const Laps& laps) {
    return median(line.basis == Basis::kClock ? laps.work : laps.cpu);
  };
  return figure(line.laps) / figure(line.peer->laps);
}

std::string target_text(const Line& line) {
  if (line.most) return "< " + milliseconds(*line.most);
  if (line.most_ratio) return fmt::format("<= {:.2f} x", *line.most_ratio);
  return "-";
}

std::string_view met_text(Met met) {
  switch (met) {
    case Met::kNoTarget:
      return "-";
    case Met::kUnknown:
      return "?";
    case Met::kYes:
      return "yes";
    case Met::kNo:
      return "NO";
  }
  return "";
}

std::string peer_text(const Line& line) {
  if (!line.peer) return "";
  if (line.peer->laps.empty()) return line.peer->name + ": absent";
  return fmt::format("{} {}", line.peer->name, milliseconds(median(line.peer->laps.work)));
}

std::string range(const std::vector<double>& laps) {
  if (laps.empty()) return "";
  const auto [least, most] = std::ranges::minmax(laps);
  return milliseconds(least) + ".." + milliseconds(most);
}

json::array numbers(const std::vector<double>& values) {
  json::array list;
  for (const double value : values) list.emplace_back(value);
  return list;
}

}  // namespace

Lap between(const Moment& start, const Moment& end) {
  const std::chrono::duration<double, std::milli> all = end.at - start.at;
  const double flush = end.flushed - start.flushed;
  return {all.count() - flush, flush, end.cpu - start.cpu};
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Met met(const Line& line) {
  if (!line.most && !line.most_ratio) return Met::kNoTarget;
  if (line.laps.empty()) return Met::kUnknown;
  if (line.most) return median(line.laps.work) <= *line.most ? Met::kYes : Met::kNo;
  const auto times = ratio(line);
  if (!times) return Met::kUnknown;
  return *times <= *line.most_ratio ? Met::kYes : Met::kNo;
}

void Report::add(Line line) {
  lines_.push_back(std::move(line));
  fmt::print(stderr, ".");
}

std::string table(const std::vector<Line>& lines) {
  constexpr const char* kFormat = "{:<52} {:>8} {:>14} {:>8} {:>8} {:>9} {:>4}  {:<28} {:>6}\n";
  std::string text = fmt::format(kFormat, "milliseconds", "median", "min..max", "cpu", "flush",
                                 "target", "met", "peer", "ratio");
  for (const Line& line : lines) {
    const auto times = ratio(line);
    text += fmt::format(
        kFormat, line.name, line.laps.empty() ? "absent" : milliseconds(median(line.laps.work)),
        range(line.laps.work), line.laps.empty() ? "" : milliseconds(median(line.laps.cpu)),
        line.laps.empty() ? "" : milliseconds(median(line.laps.flush)), target_text(line),
        met_text(met(line)), peer_text(line), times ? fmt::format("{:.2f}", *times) : "");
    if (!line.note.empty()) text += "    " + line.note + "\n";
    if (line.peer && line.peer->laps.empty()) text += "    " + line.peer->why_absent + "\n";
  }
  return text;
}

std::string json_document(const std::vector<Line>& lines) {
  json::array list;
  for (const Line& line : lines) {
    json::object object;
    object["name"] = line.name;
    object["median_ms"] = line.laps.empty() ? json::value() : json::value(median(line.laps.work));
    object["laps_ms"] = numbers(line.laps.work);
    object["cpu_ms"] = numbers(line.laps.cpu);
    object["flush_ms"] = numbers(line.laps.flush);
    object["target"] = target_text(line);
    object["met"] = met_text(met(line));
    if (line.peer) {
      object["peer"] = {{"name", line.peer->name}, {"laps_ms", numbers(line.peer->laps.work)}};
    }
    const auto times = ratio(line);
    object["ratio"] = times ? json::value(*times) : json::value();
    object["note"] = line.note;
    list.emplace_back(std::move(object));
  }
  json::object document;
  document["benchmarks"] = std::move(list);
  return write_json(document, JsonStyle::kPretty) + "\n";
}

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("wrong result: " + what);
}

std::vector<Benchmark> all_benchmarks() {
  return {{"create", bench_create},
          {"diff", bench_diff},
          {"merge", bench_merge_million},
          {"config merge", bench_merge_config},
          {"promote, rollback", bench_promote},
          {"stalls", bench_stalls},
          {"reset", bench_reset},
          {"reads", bench_reads},
          {"postgres create", bench_postgres_create},
          {"postgres million rows", bench_postgres_million},
          {"postgres diff", bench_postgres_diff},
          {"postgres merge", bench_postgres_merge},
          {"postgres promote", bench_postgres_promote},
          {"postgres beside", bench_postgres_beside},
          {"postgres views", bench_postgres_views},
          {"postgres rows", bench_postgres_rows}};
}

}  // namespace doppel::bench
