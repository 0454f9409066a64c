#include "net/tls.hpp"

#include <array>
#include <string>

#include "base/error.hpp"
#include "net/asio.hpp"

namespace doppel::net {
namespace {

/// RFC 7301: the protocol as a length and its letters.
constexpr std::array<unsigned char, 9> kProtocol{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, kProtocol.data(), kProtocol.size(),
                                           offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

void check(const Failure& failure, const std::string& file, const std::string& what) {
  if (!failure) return;
  throw Error(ErrorCode::kInvalidInput, what + ": " + failure.message(),
              {.place = file, .remedy = "give a PEM file of the server's"});
}

}  // namespace

asio::ssl::context make_tls(const TlsFiles& files) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  Failure failure;
  context.use_certificate_chain_file(files.certificate_chain, failure);
  check(failure, files.certificate_chain, "the certificate can't be used");
  context.use_private_key_file(files.private_key, asio::ssl::context::pem, failure);
  check(failure, files.private_key, "the key can't be used");
  if (SSL_CTX_check_private_key(native) != 1) {
    throw Error(ErrorCode::kInvalidInput, "the key isn't the certificate's",
                {.place = files.private_key, .remedy = "give the key it was made with"});
  }
  return context;
}

}  // namespace doppel::net
