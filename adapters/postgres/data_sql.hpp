#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/data_tables.hpp"

/// The SQL of copy-on-write. For each table of data that the sandbox writes there are, in a schema
/// of its own beside the sandbox's,
///
///     NAME                the rows that the sandbox made or changed, checked by the table's own
///                         constraints under their own names
///     doppel_hidden_N     the keys that aren't live's to show any more, with the number of the
///                         statement that touched them last
///     doppel_log_N        what the statement under way did, row by row; empty between statements
///
/// and in the sandbox's schema a view NAME of live's rows but the hidden ones, and the own rows.
/// The application writes the view; three triggers do it:
///
///     doppel_begin        (statement) takes the sandbox's one row of writers and a number
///     doppel_row_N        (instead of a row) compares the row with what the statement saw, writes
///                         it, checks unique keys against live's rows
///     doppel_end_N        (statement) foreign keys and their actions; rows that are as at the
///                         beginning again leave the sandbox
///
/// The functions run with the rights of the sandbox's writer, a role that can't log in and has no
/// right to write live.
namespace doppel::postgres {

/// What the functions are made for.
struct DataPlace {
  SandboxNames names;
  std::vector<std::string> live_path;
};

/// Own rows, hidden keys and log of each table; nothing that refers to the view.
std::vector<std::string> delta_statements(database::SqlRunner& live, const DataTables& data,
                                          const DataPlace& place);

std::vector<std::string> view_statements(const DataTables& data, const DataPlace& place);
/// Live's defaults for them. REQUIRES: the sandbox's functions stand.
std::vector<std::string> view_default_statements(const DataTables& data);

/// Views that refuse every write and say why.
std::vector<std::string> refusal_statements(const DataTables& data, const DataPlace& place);

/// All functions and triggers. REQUIRES: the capture stands.
std::vector<std::string> writing_statements(const DataTables& data, const DataPlace& place);

/// The number of the statement that runs, as triggers on a view of data know it.
std::string running_statement(std::size_t number);

/// CREATE FUNCTION doppel_end_N() of a table or copy: its foreign keys, and what else has to be
/// done at the end of a statement, whose rows in the log are those with its number, `statement`.
std::string end_function(const DataTables& data, std::int64_t table, std::size_t number,
                         const std::string& statement, const std::string& settle,
                         const DataPlace& place);
/// Foreign keys that are judged at the end of the transaction.
std::string deferred_checks(const DataTables& data, std::int64_t table, std::size_t number,
                            const DataPlace& place);

/// The number under which a table or a copy beside it is logged.
std::size_t log_number(const DataTables& data, const std::string& table);
bool has_keys(const DataTables& data, std::int64_t table);

/// "SECURITY DEFINER SET search_path = ..." of functions that see the own rows by their name.
std::string on_own_rows(const DataPlace& place);
/// The same for functions that see the sandbox as its application does.
std::string on_sandbox(const DataPlace& place);

/// a."x" = b."x" AND ...; both sides' names come quoted.
std::string equal_columns(const std::vector<std::string>& columns, const std::string& left,
                          const std::string& right);

}  // namespace doppel::postgres
