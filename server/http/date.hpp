#pragma once

#include <string>

#include "base/clock.hpp"

namespace doppel::http {

/// `Sun, 22 Nov 2026 09:15:00 GMT` (RFC 9110, section 5.6.7): for Date, Expires, Last-Modified.
std::string http_date(Instant instant);

}  // namespace doppel::http
