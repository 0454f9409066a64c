#include "bench/trip_meter.hpp"

#include <chrono>
#include <optional>
#include <string_view>

#include <dlfcn.h>
#include <libpq-fe.h>

namespace {

using Clock = std::chrono::steady_clock;

doppel::bench::Trips counted{};
std::optional<Clock::time_point> writing_since;
bool commits = false;

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void count_statement(PGconn* connection, std::string_view sql) {
  ++counted.statements;
  commits = writing_since && sql == "COMMIT";
  if (PQpipelineStatus(connection) == PQ_PIPELINE_OFF) ++counted.trips;
}

}  // namespace

extern "C" int PQsendQuery(PGconn* connection, const char* sql) {
  static const auto real = next<decltype(&PQsendQuery)>("PQsendQuery");
  count_statement(connection, sql);
  return real(connection, sql);
}

extern "C" int PQsendQueryParams(PGconn* connection, const char* sql, int count, const Oid* types,
                                 const char* const* values, const int* lengths, const int* formats,
                                 int result_format) {
  static const auto real = next<decltype(&PQsendQueryParams)>("PQsendQueryParams");
  count_statement(connection, sql);
  // The second parameter is whose turn it is: 0 is live's.
  const bool turn = std::string_view(sql).starts_with("SELECT pg_advisory_xact_lock($1");
  if (turn && count == 2 && std::string_view(values[1]) == "0") writing_since = Clock::now();
  return real(connection, sql, count, types, values, lengths, formats, result_format);
}

extern "C" PGresult* PQgetResult(PGconn* connection) {
  static const auto real = next<decltype(&PQgetResult)>("PQgetResult");
  PGresult* result = real(connection);
  if (commits && result != nullptr) {
    const std::chrono::duration<double, std::milli> lasted = Clock::now() - *writing_since;
    counted.writing_ms += lasted.count();
    writing_since.reset();
    commits = false;
  }
  return result;
}

extern "C" int PQpipelineSync(PGconn* connection) {
  static const auto real = next<decltype(&PQpipelineSync)>("PQpipelineSync");
  ++counted.trips;
  return real(connection);
}

extern "C" PGconn* PQconnectdbParams(const char* const* keywords, const char* const* values,
                                     int expand) {
  static const auto real = next<decltype(&PQconnectdbParams)>("PQconnectdbParams");
  ++counted.connections;
  return real(keywords, values, expand);
}

namespace doppel::bench {

Trips trips_so_far() { return counted; }

}  // namespace doppel::bench
