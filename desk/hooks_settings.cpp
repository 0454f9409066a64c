#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "desk/calendar.hpp"
#include "desk/hooks.hpp"
#include "desk/money.hpp"
#include "desk/time_zone.hpp"

/// What settings and calendars may say.
namespace doppel::desk {

void shape_setting(Workplace& /*place*/, Draft& draft) {
  const std::string name = draft.text("name");
  const std::string value = draft.text("value");
  if (name == "currency" && !is_currency(value)) {
    draft.refuse("value", "a currency is three capital letters", "write EUR");
  }
  if (name == "time_zone" && !load_time_zone(value)) {
    draft.refuse("value", "this machine knows no such time zone", "write Europe/Berlin");
  }
}

void shape_calendar(Workplace& /*place*/, Draft& draft) {
  if (!load_time_zone(draft.text("time_zone"))) {
    draft.refuse("time_zone", "this machine knows no such time zone", "write Europe/Berlin");
  }
  if (const auto problem = check_hours(draft.text("hours"))) {
    draft.refuse("hours", *problem, R"(write {"mon": [["09:00", "17:00"]]})");
  }
}

}  // namespace doppel::desk
