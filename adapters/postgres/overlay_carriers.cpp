#include "adapters/postgres/overlay_carriers.hpp"

#include "adapters/postgres/overlay_login.hpp"
#include "adapters/postgres/overlay_rights.hpp"
#include "base/error.hpp"

namespace doppel::postgres {
namespace {

using database::OverlaySpec;

/// Which builder makes and opens a sandbox, by its carrier.
class Builders final : public database::OverlayBuilder {
 public:
  explicit Builders(const std::shared_ptr<Pool>& pool)
      : copy_(make_copy_builder(pool)), rows_(make_rows_builder(pool)) {}

  std::string default_carrier() const override { return copy_->default_carrier(); }
  std::vector<database::RowCount> create(const OverlaySpec& spec) override {
    return of(spec).create(spec);
  }
  std::unique_ptr<database::Overlay> open(const OverlaySpec& spec,
                                          database::Access access) override {
    return of(spec).open(spec, access);
  }
  database::ApplicationAccess access_for_application(const OverlaySpec& spec) override {
    return of(spec).access_for_application(spec);
  }
  void replace(const OverlaySpec& spec, const OverlaySpec& next,
               const std::string& state) override {
    of(spec).replace(spec, next, state);
  }
  // Of a carrier that there isn't nothing was made.
  void recover(const OverlaySpec& spec) override {
    if (database::OverlayBuilder* builder = find(spec)) builder->recover(spec);
  }
  void remove(const OverlaySpec& spec) override {
    if (database::OverlayBuilder* builder = find(spec)) builder->remove(spec);
  }

 private:
  database::OverlayBuilder* find(const OverlaySpec& spec) {
    if (spec.carrier == copy_->default_carrier()) return copy_.get();
    if (spec.carrier == rows_->default_carrier()) return rows_.get();
    return nullptr;
  }
  database::OverlayBuilder& of(const OverlaySpec& spec) {
    if (database::OverlayBuilder* builder = find(spec)) return *builder;
    throw Error(ErrorCode::kUnsupported, "PostgreSQL has no carrier '" + spec.carrier + "'",
                {.place = spec.name, .remedy = "carriers: copy, rows"});
  }

  std::unique_ptr<database::OverlayBuilder> copy_;
  std::unique_ptr<database::OverlayBuilder> rows_;
};

}  // namespace

void ServerOverlayBuilder::recover(const OverlaySpec& spec) {
  // Whatever was begun was one transaction; only the fresh one of a refresh may be left.
  OverlaySpec next = spec;
  next.folder += ".next";
  remove(next);
}

std::unique_ptr<Connection> ServerOverlayBuilder::connect(database::Access access) const {
  return postgres::open({.dsn = {}, .access = access}, *pool_);
}

std::string ServerOverlayBuilder::dsn_of_login(Connection& connection, const OverlaySpec& spec,
                                               const std::string& role) {
  if (!has_password(spec)) {
    const std::string password = new_password(connection);
    set_password(connection, role, password);
    keep_password(spec, password);
  }
  return dsn_of_role(connection, role, read_password(spec));
}

std::unique_ptr<database::OverlayBuilder> make_builder(const std::shared_ptr<Pool>& pool) {
  return std::make_unique<Builders>(pool);
}

}  // namespace doppel::postgres
