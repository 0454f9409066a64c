#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/random.hpp"

/// Names and sentences of the demo. Internal to this room.
namespace doppel::desk {

std::string_view pick(Random& random, std::span<const std::string_view> choices);

struct DemoPerson {
  std::string given, family;
};
DemoPerson demo_person(Random& random);
std::string demo_company(Random& random);
struct DemoPlace {
  std::string_view postal_code, city, country_code, locale;
};
const DemoPlace& demo_place(Random& random);
std::string demo_street(Random& random);

std::string demo_subject(Random& random);
/// Some sentences about it.
std::string demo_question(Random& random, std::string_view subject);
std::string demo_reply(Random& random);
std::string demo_followup(Random& random);
std::string demo_deal(Random& random);

/// `Ada Lind` at `Nordlicht Handel 4` is ada.lind@nordlicht-handel-4.example: the domain exists
/// nowhere.
std::string demo_email(const DemoPerson& person, std::string_view company);

}  // namespace doppel::desk
