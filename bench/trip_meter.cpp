#include "bench/trip_meter.hpp"

#include <dlfcn.h>
#include <libpq-fe.h>

namespace {

doppel::bench::Trips counted{};

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void count_statement(PGconn* connection) {
  ++counted.statements;
  if (PQpipelineStatus(connection) == PQ_PIPELINE_OFF) ++counted.trips;
}

}  // namespace

extern "C" int PQsendQuery(PGconn* connection, const char* sql) {
  static const auto real = next<decltype(&PQsendQuery)>("PQsendQuery");
  count_statement(connection);
  return real(connection, sql);
}

extern "C" int PQsendQueryParams(PGconn* connection, const char* sql, int count, const Oid* types,
                                 const char* const* values, const int* lengths, const int* formats,
                                 int result_format) {
  static const auto real = next<decltype(&PQsendQueryParams)>("PQsendQueryParams");
  count_statement(connection);
  return real(connection, sql, count, types, values, lengths, formats, result_format);
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
