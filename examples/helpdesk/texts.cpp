#include "texts.hpp"

namespace helpdesk {

namespace {

constexpr Topic kTopics[] = {
    {2, 2, "Display of {product} stays dark",
     "Since this morning the display of our {product} stays dark. The light beside the switch is "
     "on.",
     "Please hold the switch for ten seconds, then try again with the charger connected."},
    {2, 2, "Stripes on the {product}",
     "There are thin stripes on the display, only when it is warm. A picture is attached.",
     "Thank you for the picture. This looks like the ribbon cable; we will exchange it."},
    {2, 3, "Battery of {product} empty after two hours",
     "Our {product} used to run all day, now the battery is empty after two hours.",
     "Could you send us the report under Settings, Battery? It shows the number of charges."},
    {2, 4, "Firmware 4.2 does not install",
     "The update to firmware 4.2 stops at 60 percent on every {product} we have.",
     "Please install 4.1.3 first; 4.2 needs it. The file is in your account."},
    {2, 4, "Measurements differ after the firmware update",
     "After the update our {product} measures about 2 % more than before. Which one is right?",
     "The update corrects the temperature. Please calibrate once with the white plate."},
    {3, 6, "Invoice for order {order} twice",
     "We received the invoice for order {order} two times, with different numbers.",
     "The second one was sent in error and is cancelled. We are sorry for the trouble."},
    {3, 6, "VAT number missing on the invoice",
     "Our VAT number is missing on the invoice for {order}. Please send a corrected one.",
     "The corrected invoice is attached. We have kept the number for your next orders."},
    {3, 8, "Refund for {order}",
     "When will the refund for order {order} arrive? We sent the {product} back in time.",
     "The refund was released today; it takes three to five working days."},
    {1, 7, "Where is order {order}?", "Order {order} should have been here last week. Where is it?",
     "It left our warehouse on Monday. The carrier names tomorrow as the day of delivery."},
    {4, 12, "Repair of a {product}",
     "We would like to send in a {product} for repair. What do you need from us?",
     "Please print the attached form and put it into the parcel. Repairs take ten days."},
    {4, 12, "Repaired {product} came back without its case",
     "The {product} came back from repair, thank you, but the case is missing.",
     "We found it. It goes out today, free of charge of course."},
    {1, 10, "Can't sign in", "I can't sign in any more: the page says that my account is locked.",
     "We unlocked your account. Please choose a new password with the link we sent."},
    {1, 9, "New colleague for our account",
     "A new colleague needs access to our account, with the right to order.",
     "Done. Your colleague has received an invitation by mail."},
    {6, 4, "All devices at one site offline",
     "All our {product} at one site are offline since the firmware update last night.",
     "We are on it. A technician calls you within the next fifteen minutes."},
    {7, 9, "Price list for the fair",
     "Can somebody send me the current price list in German for the fair?",
     "It is in the shared folder, under Sales. Tell me if you want it printed."},
};

constexpr std::string_view kFirstNames[] = {
    "Agnes",   "Albin",  "Amelie", "Anton",  "Astrid", "Benedikt", "Birgit", "Carla",  "Casper",
    "Clara",   "Dagmar", "Dario",  "Edith",  "Emil",   "Erika",    "Fabian", "Frieda", "Gerda",
    "Gustav",  "Hanna",  "Hugo",   "Ingrid", "Ivo",    "Jana",     "Johan",  "Judit",  "Karin",
    "Kasimir", "Lea",    "Lorenz", "Luisa",  "Magnus", "Marta",    "Mats",   "Nadja",  "Nils",
    "Olga",    "Oskar",  "Paula",  "Pavel",  "Ragna",  "Rolf",     "Sanne",  "Sixten", "Thea",
    "Tomasz",  "Ulrika", "Viktor", "Wanda",  "Yannick"};

constexpr std::string_view kLastNames[] = {
    "Adler",    "Andersen", "Bakker", "Bianchi",  "Brandt",  "Conti",   "Dahl",    "Dekker",
    "Dvorak",   "Eklund",   "Engel",  "Ferrari",  "Fischer", "Garnier", "Hagen",   "Holm",
    "Horvat",   "Jansen",   "Jensen", "Kowalski", "Kraus",   "Lambert", "Larsen",  "Lind",
    "Marchand", "Meyer",    "Moreau", "Nowak",    "Nyberg",  "O'Hara",  "Olsen",   "Peeters",
    "Pichler",  "Ricci",    "Rossi",  "Sandberg", "Schulz",  "Strand",  "Svoboda", "Vogel"};

constexpr std::string_view kCompanies[] = {
    "Aurora Optik",    "Bergstrand & Sons", "Cantiere Nord", "Delta Survey",   "Ekeby Energi",
    "Fjord Analytics", "Glaswerk Jena",     "Havgard",       "Isola Ceramica", "Jutta's Labor",
    "Kaltenbach",      "Lumiere du Midi",   "Morava Print",  "Noordzee Lab",   "Ostrava Steel",
    "Papeterie Fabre", "Quadrat Druck",     "Rosenholm",     "Studio Verde",   "Tegel & Partner"};

constexpr std::string_view kProducts[] = {"Spectra 200", "Spectra 400", "Lumen Mini", "Field Kit"};

constexpr City kCities[] = {
    {"Vienna", "AT"},  {"Linz", "AT"},   {"Prague", "CZ"}, {"Ostrava", "CZ"}, {"Hamburg", "DE"},
    {"Jena", "DE"},    {"Aarhus", "DK"}, {"Lyon", "FR"},   {"Nantes", "FR"},  {"Bologna", "IT"},
    {"Utrecht", "NL"}, {"Bergen", "NO"}, {"Gdansk", "PL"}, {"Uppsala", "SE"}, {"Malmo", "SE"}};

constexpr std::string_view kCustomerReplies[] = {
    "Thank you, that helped.",
    "I tried it, but nothing has changed.",
    "Is there any news?",
    "It works again now. Thank you for the quick help.",
    "The serial number is on the picture.",
    "Could you please call me? My number is in the signature.",
    "We need it for a measurement on Thursday, so it is rather urgent."};

constexpr std::string_view kAgentReplies[] = {
    "Thank you for your message. We are looking into it.",
    "Could you tell us the serial number on the back?",
    "I have asked our colleagues in the workshop and come back to you tomorrow.",
    "Did the steps of my last mail help?",
    "We have found the cause and are testing a remedy.",
    "I am glad to hear that. We close this request; just answer if it comes back."};

constexpr std::string_view kFileNames[] = {"display.jpg", "report.pdf", "invoice.pdf", "log.txt",
                                           "serial.jpg"};

void replace_all(std::string& text, std::string_view word, std::string_view by) {
  for (std::size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + by.size())) {
    text.replace(at, word.size(), by);
  }
}

}  // namespace

std::span<const Topic> topics() { return kTopics; }
std::span<const std::string_view> first_names() { return kFirstNames; }
std::span<const std::string_view> last_names() { return kLastNames; }
std::span<const std::string_view> companies() { return kCompanies; }
std::span<const std::string_view> customer_replies() { return kCustomerReplies; }
std::span<const std::string_view> agent_replies() { return kAgentReplies; }
std::span<const std::string_view> file_names() { return kFileNames; }
std::span<const std::string_view> products() { return kProducts; }
std::span<const City> cities() { return kCities; }

std::string filled(std::string_view pattern, std::string_view product, std::string_view order) {
  std::string text{pattern};
  replace_all(text, "{product}", product);
  replace_all(text, "{order}", order);
  return text;
}

}  // namespace helpdesk
