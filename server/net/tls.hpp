#pragma once

#include <boost/asio/ssl/context.hpp>

#include "net/settings.hpp"

namespace doppel::net {

/// TLS 1.2 and 1.3 with a certificate, without compression and renegotiation; of protocols within
/// it only http/1.1. Throws Error(kInvalidInput) for files that can't be read or don't belong
/// together.
boost::asio::ssl::context make_tls(const TlsFiles& files);

}  // namespace doppel::net
