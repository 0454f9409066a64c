#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"

namespace doppel::http {

/// Text as HTML shows it: the five letters that mean something are escaped.
std::string html_escaped(std::string_view text);

/// The headers of every page: it can't be framed, its type isn't guessed, and other sites learn
/// nothing of its address.
void add_security_headers(Headers& headers, std::string_view content_security_policy);

/// The Content-Security-Policy of a page without scripts whose one inline style is this:
/// `default-src 'none'; style-src 'sha256-...'` and nothing else.
std::string policy_for_style(std::string_view style);

}  // namespace doppel::http
