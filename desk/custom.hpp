#pragma once

#include <string>
#include <vector>

#include "desk/resource.hpp"

/// Values of custom fields: defined by configuration, kept beside live's records. Internal to this
/// room.
namespace doppel::desk {

struct CustomOption {
  std::string id, code;
};

struct CustomField {
  std::string id, code, name, kind;
  bool required = false;
  Value default_value;
  std::vector<CustomOption> options;
};

/// In the order of their list, as this environment defines them.
std::vector<CustomField> custom_fields(Workplace& place, const std::string& object);
/// Only these.
std::vector<CustomField> custom_fields(Workplace& place, const std::string& object,
                                       const std::vector<std::string>& codes);

/// A value to be written for a record.
struct CustomValue {
  const CustomField* field = nullptr;
  Value value;         ///< NULL takes it away
  std::string option;  ///< id; of a choice
};

/// What `values` says for custom fields, and what is wrong with it.
std::vector<CustomValue> check_custom_values(const std::vector<CustomField>& fields, Verb verb,
                                             const Values& values,
                                             std::vector<FieldProblem>& problems);

void write_custom_values(Workplace& place, const std::string& object, const std::string& record,
                         const std::vector<CustomValue>& values);

/// Adds `custom.CODE` to the records: what is stored, else the default.
void add_custom_values(Workplace& place, const std::vector<CustomField>& fields,
                       std::vector<Record>& records);

}  // namespace doppel::desk
