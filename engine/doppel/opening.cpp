#include "doppel/planning.hpp"

/// Environments as connections, for programs that are built on the library.
namespace doppel {
namespace {

class OpenLive final : public OpenEnvironment {
 public:
  explicit OpenLive(Attached attached)
      : attached_(std::move(attached)),
        connection_(attached_.database->open(database::Access::kReadWrite)) {}
  database::Connection& connection() override { return *connection_; }
  const manifest::Model& model() const override { return attached_.model; }
  const database::Schema& schema() const override { return attached_.schema; }
  void set_author(const std::string& /*author*/) override {}

 private:
  Attached attached_;
  std::unique_ptr<database::Connection> connection_;
};

class OpenedSandbox final : public OpenEnvironment {
 public:
  OpenedSandbox(Attached attached, const database::OverlaySpec& spec)
      : attached_(std::move(attached)),
        overlay_(attached_.database->overlays().open(spec, database::Access::kReadWrite)) {}
  database::Connection& connection() override { return overlay_->connection(); }
  const manifest::Model& model() const override { return attached_.model; }
  const database::Schema& schema() const override { return attached_.schema; }
  void set_author(const std::string& author) override { overlay_->set_author(author); }

 private:
  Attached attached_;
  std::unique_ptr<database::Overlay> overlay_;
};

}  // namespace

std::unique_ptr<OpenEnvironment> Planning::open(const EnvironmentName& name) {
  Attached attached = workspace_.attach(name.tenant);
  if (name.live()) return std::make_unique<OpenLive>(std::move(attached));
  follow(name, attached);
  const environment::Environment environment = workspace_.ready(name, attached);
  const database::OverlaySpec spec = workspace_.spec(environment, attached.model);
  auto opened = std::make_unique<OpenedSandbox>(std::move(attached), spec);
  opened->set_author(workspace_.settings().author);
  return opened;
}

}  // namespace doppel
