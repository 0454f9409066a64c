#pragma once

#include <string>
#include <vector>

#include "desk/conditions.hpp"

/// Where a case goes and who takes it, as this environment's configuration says.
namespace doppel::desk {

struct QueueChoice {
  std::string queue_id, why;
};

/// The first enabled rule that holds, else the category's queue, else the default queue.
/// Throws Error(kWrongState) where there is no queue at all.
QueueChoice choose_queue(Workplace& place, const CaseFacts& facts);

struct AssigneeChoice {
  std::string user_id;   ///< empty: nobody
  std::string queue_id;  ///< the queue, or a fallback of it that had somebody
  std::string why;
};

/// Of the queue's members who are active, have all skills that the queue asks for and less open
/// cases than their capacity: whoever had this contact's last case, where the queue is sticky; else
/// in turn, or who has fewest open cases. Where nobody is left, the same in the fallback queue.
AssigneeChoice choose_assignee(Workplace& place, const std::string& queue_id,
                               const std::string& contact_id);

}  // namespace doppel::desk
