#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "access/audit_chain.hpp"
#include "access/password.hpp"
#include "access/rights.hpp"
#include "access/sandbox_cookie.hpp"
#include "access/throttle.hpp"
#include "base/text.hpp"

/// What strangers send and what a damaged store holds: read without a crash, and never taken for
/// more than it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> words = doppel::split(text, '\n');
  const auto parsed = doppel::access::parse_grants(words);
  const std::vector<std::string> texts = to_texts(parsed.grants);
  if (doppel::access::parse_grants(texts).grants != parsed.grants) std::abort();
  const doppel::access::SigningKeys keys{{"k1", std::string(32, 'a'), 0}};
  for (const std::string& word : words) {
    // Nobody signs here, so nothing is good.
    if (read_sandbox_cookie(keys, "acme", word, "s1", 1).answer ==
        doppel::access::CookieAnswer::kGood) {
      std::abort();
    }
    const auto head = doppel::access::parse_head(word);
    if (head && doppel::access::parse_head(to_text(*head)) != head) std::abort();
    const std::string network = doppel::access::network_of(word);
    if (doppel::access::network_of(network) != network) std::abort();
    doppel::access::cost_of(word);
    doppel::access::password_problems(word, {"grace"});
  }
  return 0;
}
