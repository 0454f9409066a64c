#include "adapters/postgres/overlay_login.hpp"

#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

namespace doppel::postgres {
namespace {

namespace fs = std::filesystem;
using database::OverlaySpec;

constexpr const char* kPasswordFile = "password";

std::string secret_name(const OverlaySpec& spec) { return spec.folder.filename().string(); }

}  // namespace

bool has_password(const OverlaySpec& spec) {
  if (spec.secrets != nullptr) return spec.secrets->has(secret_name(spec));
  return fs::exists(spec.folder / kPasswordFile);
}

std::string read_password(const OverlaySpec& spec) {
  if (spec.secrets != nullptr) return spec.secrets->get(secret_name(spec));
  return read_file(spec.folder / kPasswordFile);
}

void prepare_folder(const OverlaySpec& spec) {
  if (spec.secrets == nullptr) make_folders(spec.folder);
}

void remove_folder(const OverlaySpec& spec) {
  if (spec.secrets != nullptr) return spec.secrets->remove(secret_name(spec));
  remove_tree(spec.folder);
}

void keep_password(const OverlaySpec& spec, const std::string& password) {
  if (spec.secrets != nullptr) return spec.secrets->put(secret_name(spec), password);
  make_folders(spec.folder);
  fs::permissions(spec.folder, fs::perms::owner_all);
  write_file(spec.folder / kPasswordFile, password);
}

std::string new_password(Connection& connection) {
  // Two random identifiers have 244 bits of chance.
  const auto made = rows_of(
      connection.run("SELECT replace(gen_random_uuid() || '' || gen_random_uuid(), '-', '')")
          .get());
  return made.at(0).at(0).text();
}

void test_login(const std::string& dsn, const SandboxNames& names,
                const std::vector<TableShapePtr>& shapes) {
  const auto session = postgres::open({.dsn = dsn});
  std::vector<std::string> tables;
  for (const TableShapePtr& shape : shapes) tables.push_back(shape->name);
  const auto rows =
      rows_of(session
                  ->run("SELECT (current_schemas(false))[1], (SELECT count(*) FROM "
                        "unnest($1::text[]) AS t WHERE to_regclass(quote_ident(t)) IS DISTINCT "
                        "FROM to_regclass(quote_ident($2) || '.' || quote_ident(t)))",
                        std::vector<Value>{Value(text_array(tables)), Value(names.schema)})
                  .get());
  if (rows.at(0).at(0) != Value(names.schema) || rows[0][1] != Value(0)) {
    throw Error(
        ErrorCode::kUnsupported, "a session of the sandbox's role doesn't see the sandbox's tables",
        {.place = names.role, .remedy = "look for a search_path that the server or a pooler sets"});
  }
}

}  // namespace doppel::postgres
