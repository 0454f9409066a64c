#pragma once

#include <functional>

#include "doppel/workspace.hpp"

/// Plans, promotions and what is like them: rollback and restore are plans whose changes come from
/// elsewhere than a sandbox.
namespace doppel {

/// The first row of a table that holds these values in these columns.
using FindRow = std::function<std::optional<Row>(const std::string& table,
                                                 const std::vector<std::size_t>& columns,
                                                 const std::vector<Value>& values)>;

class Planning {
 public:
  explicit Planning(Workspace& workspace) : workspace_(workspace) {}

  std::unique_ptr<database::SqlSession> open_sql(const EnvironmentName& name);
  std::unique_ptr<OpenEnvironment> open(const EnvironmentName& name);
  overlay::Refreshed refresh(const EnvironmentName& name, Attached& attached, bool drop_data);
  Adapted adapt(const EnvironmentName& name);
  /// Refreshes a sandbox that follows live, if it can be without losing or asking anything.
  void follow(const EnvironmentName& name, Attached& attached);

  plan::Plan plan(const EnvironmentName& name, const PlanOptions& options);
  plan::Plan resolve(const EnvironmentName& name, const std::vector<Resolution>& resolutions,
                     const PlanOptions& options);
  plan::Promoted promote(const EnvironmentName& name, const std::string& plan_hash);

  plan::Plan plan_rollback(const std::string& tenant, std::int64_t promotion,
                           const PlanOptions& options);
  plan::Plan resolve_rollback(const std::string& tenant, std::int64_t promotion,
                              const std::vector<Resolution>& resolutions,
                              const PlanOptions& options);
  plan::Promoted rollback(const std::string& tenant, std::int64_t promotion,
                          const std::string& plan_hash);
  plan::Promoted restore_previous(const std::string& tenant, LaterEdits later_edits);

  plan::Plan plan_restore(const std::string& tenant, const std::string& snapshot,
                          const PlanOptions& options);
  plan::Promoted restore(const std::string& tenant, const std::string& snapshot,
                         const std::string& plan_hash);

 private:
  /// What a plan is made of, from today's sandbox or history.
  plan::Request sandbox_request(const environment::Environment& environment, Attached& attached,
                                overlay::Changes changes, const std::string& state);
  plan::Request rollback_request(const std::string& tenant, std::int64_t promotion,
                                 Attached& attached);
  plan::Request restore_request(const std::string& tenant, const std::string& snapshot,
                                Attached& attached);

  plan::Plan make(plan::Request request, const PlanOptions& options, Attached& attached);
  /// `sandbox_row`: where a row is found that live deleted and an answer brings back.
  plan::Plan answer(plan::Request request, const std::vector<Resolution>& resolutions,
                    const PlanOptions& options, Attached& attached, const FindRow& sandbox_row);
  plan::Promoted apply(plan::Request request, const plan::StoredPlan& stored, Attached& attached,
                       plan::PromotionContext context);
  plan::PromotionContext context(const std::string& tenant, plan::PromotionKind kind);
  plan::SnapshotInfo find_snapshot(const std::string& tenant, const std::string& name,
                                   database::SqlRunner& live);

  Workspace& workspace_;
};

}  // namespace doppel
