#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>

#include "base/text.hpp"
#include "examples/helpdesk/data.hpp"

namespace {

constexpr std::string_view kHelp =
    "usage: helpdesk_generate [--tickets N] [--seed N] [--database sqlite|postgresql]\n"
    "Prints a support desk as SQL: schema, configuration and N tickets (default 1500).\n"
    "example: helpdesk_generate --tickets 1500 | sqlite3 helpdesk.db\n"
    "         helpdesk_generate --database postgresql | psql -qX helpdesk\n";

int usage(std::string_view problem) {
  std::fprintf(stderr, "helpdesk_generate: %.*s\n%.*s", static_cast<int>(problem.size()),
               problem.data(), static_cast<int>(kHelp.size()), kHelp.data());
  return 2;
}

}  // namespace

int main(int count, char** words) {
  helpdesk::Options options;
  const std::span<char*> arguments{words, static_cast<std::size_t>(count)};
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view option = arguments[i];
    if (option == "--help") {
      std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
      return 0;
    }
    if (option == "--database") {
      const std::string_view wanted = ++i < arguments.size() ? arguments[i] : "";
      if (wanted != "sqlite" && wanted != "postgresql") return usage("no such database");
      if (wanted == "postgresql") options.dialect = helpdesk::Dialect::kPostgresql;
      continue;
    }
    if (option != "--tickets" && option != "--seed") return usage("unknown option");
    if (++i == arguments.size()) return usage("an option without its number");
    const std::optional<std::int64_t> number = doppel::parse_integer(arguments[i]);
    if (!number || *number < 0) return usage("not a number");
    if (option == "--seed") {
      options.seed = static_cast<std::uint64_t>(*number);
    } else if (*number > helpdesk::kMaximalTickets) {
      return usage("too many tickets");
    } else {
      options.tickets = *number;
    }
  }

  bool written = true;
  helpdesk::generate(options, [&written](std::string_view piece) {
    written = written && std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size();
  });
  if (!written || std::fflush(stdout) != 0) {
    std::perror("helpdesk_generate");
    return 4;
  }
  return 0;
}
