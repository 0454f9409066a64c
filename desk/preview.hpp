#pragma once

#include <string>
#include <vector>

#include "desk/resource.hpp"
#include "desk/template_text.hpp"

/// Records as people see them: through templates, layouts and saved views of this environment.
namespace doppel::desk {

struct Preview {
  std::string kind;                   ///< mail, or document: whose body is HTML
  std::string subject, body, locale;  ///< locale: of the template that was taken
  std::vector<TemplateProblem> problems;
};

/// A template for a record. Of templates with the same code the one in the customer's language is
/// taken, or in `locale`'s where that is given; else the one named. Amounts and dates are written
/// as in that locale, or the organisation's; instants in the organisation's time zone. A document's
/// values are escaped for HTML. Throws Error(kNotFound) for a template or record that isn't there.
Preview preview_template(Workplace& place, const std::string& template_id,
                         const std::string& record_id, const std::string& locale = {});

/// The query that a saved view stands for. Throws Error(kNotFound), Error(kInvalidInput) for one
/// that can't be read.
struct ViewQuery {
  std::string object;
  Query query;
};
ViewQuery query_of_view(Workplace& place, const std::string& view_id);

struct LayoutField {
  std::string name;   ///< `custom.CODE` for custom fields
  std::string title;  ///< of a custom field its name
  Value value;
};
struct LayoutSection {
  std::string title;
  std::vector<LayoutField> fields;
};
/// A record in the sections of its default layout; custom fields that no longer exist are left out.
/// Nothing where there is no layout. Throws Error(kNotFound) where there is no such record.
std::vector<LayoutSection> lay_out(Workplace& place, const std::string& object,
                                   const std::string& record_id);

}  // namespace doppel::desk
