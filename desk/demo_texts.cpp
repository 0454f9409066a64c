#include "desk/demo_texts.hpp"

#include <array>

#include <fmt/core.h>

#include "base/text.hpp"

namespace doppel::desk {
namespace {

using Texts = std::string_view;

constexpr std::array<Texts, 24> kGiven{"Ada",   "Bruno", "Clara", "David", "Elif",   "Farid",
                                       "Greta", "Hugo",  "Iris",  "Jonas", "Kaito",  "Lena",
                                       "Marek", "Nadia", "Oskar", "Paula", "Rafi",   "Sofia",
                                       "Tarek", "Ulla",  "Vera",  "Wim",   "Yasmin", "Zoe"};
constexpr std::array<Texts, 24> kFamily{"Albers", "Bauer",  "Cruz",   "Dumont", "Eklund", "Ferrari",
                                        "Gomez",  "Haas",   "Ivanov", "Jansen", "Kaya",   "Lind",
                                        "Moreau", "Novak",  "Okafor", "Petrov", "Quinn",  "Rossi",
                                        "Sato",   "Tanaka", "Ueda",   "Vogel",  "Weber",  "Yilmaz"};
constexpr std::array<Texts, 16> kCompanyFirst{
    "Nordlicht", "Amber",  "Blue Harbour", "Cobalt",  "Delta", "Eastgate", "Fjord",   "Granite",
    "Highfield", "Indigo", "Juniper",      "Kestrel", "Lumen", "Meridian", "Orchard", "Pinewood"};
constexpr std::array<Texts, 10> kCompanySecond{"Trading", "Logistics", "Foods",  "Energy",
                                               "Medical", "Textiles",  "Motors", "Software",
                                               "Garden",  "Printing"};
constexpr std::array<DemoPlace, 10> kPlaces{{{"10115", "Berlin", "DE", "de"},
                                             {"20095", "Hamburg", "DE", "de"},
                                             {"80331", "Munich", "DE", "de"},
                                             {"1010", "Vienna", "AT", "de"},
                                             {"75001", "Paris", "FR", "fr"},
                                             {"1012", "Amsterdam", "NL", "nl"},
                                             {"EC1A", "London", "GB", "en"},
                                             {"11120", "Stockholm", "SE", "sv"},
                                             {"100-0001", "Tokyo", "JP", "ja"},
                                             {"02108", "Boston", "US", "en"}}};
constexpr std::array<Texts, 8> kStreets{"Mill Lane",   "Station Road", "Garden Street",
                                        "Harbour Way", "Church Hill",  "Market Place",
                                        "Park Avenue", "Bridge End"};
constexpr std::array<Texts, 12> kThings{"invoice",  "delivery", "sign-in",   "report",
                                        "contract", "scanner",  "data feed", "price list",
                                        "refund",   "printer",  "update",    "user account"};
constexpr std::array<Texts, 10> kTroubles{
    "is missing",           "shows the wrong amount", "stopped this morning",  "takes very long",
    "can't be opened",      "arrived twice",          "needs a second person", "must be changed",
    "is not what we asked", "fails with an error"};
constexpr std::array<Texts, 8> kDetails{"It began on Monday.",
                                        "Two colleagues see the same.",
                                        "We have tried it again, and nothing changed.",
                                        "Last month it was still fine.",
                                        "A picture of it is attached.",
                                        "It is urgent for our month-end.",
                                        "Please call us if that is easier.",
                                        "We don't know what to do next."};
constexpr std::array<Texts, 8> kReplies{
    "Thank you for writing. We are looking into it.",
    "Could you send us the number of the order?",
    "We have found the cause and are working on it.",
    "This should work again now. Could you try?",
    "We have passed this on to the people who know it best.",
    "The amount has been corrected; you get a new document today.",
    "Please sign out and in again, and tell us what you see.",
    "That needs a change on our side, planned for this week."};
constexpr std::array<Texts, 8> kFollowups{"Yes, it is still so.",
                                          "The number is in the picture.",
                                          "It works again, thank you.",
                                          "Not yet, the same error comes.",
                                          "Could you tell us when it will be done?",
                                          "Now only one of the two is wrong.",
                                          "That helped, but the report is empty.",
                                          "We will try tomorrow morning."};
constexpr std::array<Texts, 8> kDeals{"Base plan",     "More seats",           "Renewal",
                                      "Roll-out",      "Pilot project",        "Second location",
                                      "New warehouse", "Move to the year plan"};

}  // namespace

std::string_view pick(Random& random, std::span<const std::string_view> choices) {
  return choices[random.below(choices.size())];
}

DemoPerson demo_person(Random& random) {
  // Named one after the other: arguments have no order.
  const std::string_view given = pick(random, kGiven);
  const std::string_view family = pick(random, kFamily);
  return {std::string(given), std::string(family)};
}

std::string demo_company(Random& random) {
  const std::string_view first = pick(random, kCompanyFirst);
  const std::string_view second = pick(random, kCompanySecond);
  return fmt::format("{} {}", first, second);
}

const DemoPlace& demo_place(Random& random) { return kPlaces[random.below(kPlaces.size())]; }

std::string demo_street(Random& random) {
  const std::string_view street = pick(random, kStreets);
  return fmt::format("{} {}", street, 1 + random.below(120));
}

std::string demo_subject(Random& random) {
  const std::string_view thing = pick(random, kThings);
  return fmt::format("The {} {}", thing, pick(random, kTroubles));
}

std::string demo_question(Random& random, std::string_view subject) {
  const std::string_view first = pick(random, kDetails);
  return fmt::format("{}. {} {}", subject, first, pick(random, kDetails));
}

std::string demo_reply(Random& random) { return std::string(pick(random, kReplies)); }
std::string demo_followup(Random& random) { return std::string(pick(random, kFollowups)); }
std::string demo_deal(Random& random) { return std::string(pick(random, kDeals)); }

std::string demo_email(const DemoPerson& person, std::string_view company) {
  std::string host;
  for (const char c : to_lower_ascii(company)) host += c == ' ' ? '-' : c;
  return fmt::format("{}.{}@{}.example", to_lower_ascii(person.given),
                     to_lower_ascii(person.family), host);
}

}  // namespace doppel::desk
