// The server behind TLS, with a certificate made for the test.
#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "base/error.hpp"
#include "tests/support/net_ground.hpp"

namespace doppel::net {
namespace {

using testing::eventually;
using testing::get;
using ::testing::HasSubstr;
using testing::NetClient;
using testing::NetGround;
using testing::test_settings;

template <auto kFree>
struct Freeing {
  template <class T>
  void operator()(T* thing) const {
    kFree(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freeing<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freeing<SSL_free>>;

void write_pem(const std::string& path, const std::function<void(FILE*)>& write) {
  FILE* file = std::fopen(path.c_str(), "w");
  write(file);
  std::fclose(file);
}

/// A key and a certificate for localhost that it signs itself, in a folder of this process.
TlsFiles make_files(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                       ("doppel-tls-" + std::to_string(getpid()) + "-" + name);
  std::filesystem::create_directories(folder);
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const auto* host = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, host, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  TlsFiles files{folder / "certificate.pem", folder / "key.pem"};
  write_pem(files.certificate_chain, [&](FILE* file) { PEM_write_X509(file, certificate.get()); });
  write_pem(files.private_key, [&](FILE* file) {
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

class Tls : public ::testing::Test {
 protected:
  Tls() : files_(make_files("server")) {}
  ~Tls() override {
    std::filesystem::remove_all(std::filesystem::path(files_.private_key).parent_path());
  }

  ServerSettings settings() {
    ServerSettings settings = test_settings();
    settings.tls = files_;
    return settings;
  }

  TlsFiles files_;
};

/// A client that speaks TLS over a connection.
class TlsClient {
 public:
  explicit TlsClient(NetClient connection, int most_version = TLS1_3_VERSION)
      : connection_(std::move(connection)), context_(SSL_CTX_new(TLS_client_method())) {
    // OpenSSL writes to sockets whose other end may be gone.
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), most_version);
    SSL_CTX_set_security_level(context_.get(), 0);
    const unsigned char protocols[] = "\x02h2\x08http/1.1";
    SSL_CTX_set_alpn_protos(context_.get(), protocols, sizeof(protocols) - 1);
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), connection_.descriptor());
  }

  bool shake_hands() { return SSL_connect(session_.get()) == 1; }
  SSL* session() { return session_.get(); }
  NetClient& connection() { return connection_; }

  void send(const std::string& text) {
    SSL_write(session_.get(), text.data(), static_cast<int>(text.size()));
  }
  /// All that comes until the server says that it is done; nothing when it is cut off.
  std::optional<std::string> read_all() {
    std::string all;
    std::array<char, 4096> buffer{};
    int count = 0;
    while ((count = SSL_read(session_.get(), buffer.data(), buffer.size())) > 0) {
      all.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (SSL_get_error(session_.get(), count) != SSL_ERROR_ZERO_RETURN) return std::nullopt;
    SSL_shutdown(session_.get());
    return all;
  }

 private:
  NetClient connection_;
  Context context_;
  Session session_;
};

http::Response answer(const http::Request& request) {
  const bool is_tls = request.scheme == http::Scheme::kHttps;
  const std::string_view scheme = is_tls ? "https " : "http ";
  if (request.target.path == "/large") {
    return http::text_response(std::string(5'000'000, 'a'), "text/plain");
  }
  return http::text_response(std::string(scheme) + request.body, "text/plain");
}

TEST_F(Tls, CarriesRequestsAndAnswers) {
  NetGround ground(answer, settings());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(ground.client(), version);
    ASSERT_TRUE(client.shake_hands());
    EXPECT_EQ(SSL_version(client.session()), version);
    client.send(testing::post("/", std::string(50'000, 'b')) + get("/", "Connection: close\r\n"));
    const auto all = client.read_all();
    ASSERT_TRUE(all.has_value()) << "the end is told";
    EXPECT_THAT(*all, HasSubstr("https bbbb"));
    EXPECT_THAT(*all, HasSubstr("Connection: close"));
  }
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 0; }));
}

TEST_F(Tls, SpeaksOnlyHttp1) {
  NetGround ground(answer, settings());
  TlsClient client(ground.client());
  ASSERT_TRUE(client.shake_hands());
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(client.session(), &protocol, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(protocol), size), "http/1.1");
}

TEST_F(Tls, RefusesOldVersions) {
  NetGround ground(answer, settings());
  TlsClient client(ground.client(), TLS1_1_VERSION);
  EXPECT_FALSE(client.shake_hands());
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().handshakes_failed == 1; }));
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 0; }));
}

TEST_F(Tls, RefusesPlainHttp) {
  NetGround ground(answer, settings());
  NetClient client = ground.client();
  client.send(get("/"));
  EXPECT_EQ(client.read_all().find("HTTP"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().handshakes_failed == 1; }));
}

TEST_F(Tls, SendsLargeAnswersWhole) {
  NetGround ground(answer, settings());
  TlsClient client(ground.client());
  ASSERT_TRUE(client.shake_hands());
  client.send(get("/large", "Connection: close\r\n"));
  const auto all = client.read_all();
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->size() - all->find("\r\n\r\n") - 4, 5'000'000U);
}

TEST_F(Tls, BearsAbruptEnds) {
  ServerSettings quick = settings();
  quick.times.handshake = std::chrono::milliseconds(30);
  NetGround ground(answer, quick);
  {
    NetClient silent = ground.client();
    EXPECT_EQ(silent.read_all(), "") << "the handshake has a deadline";
  }
  for (const std::string& sent : {std::string(), get("/").substr(0, 9), get("/large")}) {
    TlsClient client(ground.client());
    if (!client.shake_hands()) continue;  // A busy machine may need longer than the deadline.
    client.send(sent);
    client.connection().reset();
  }
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().connections_open == 0; }));
}

TEST_F(Tls, CarriesEvents) {
  std::mutex mutex;
  std::shared_ptr<http::EventSink> sink;
  NetGround ground(
      [&](const http::Request&) {
        return http::event_response([&](std::shared_ptr<http::EventSink> given) {
          given->send({.data = "hello"});
          const std::lock_guard lock(mutex);
          sink = std::move(given);
          return std::shared_ptr<void>();
        });
      },
      settings());
  TlsClient client(ground.client());
  ASSERT_TRUE(client.shake_hands());
  client.send(get("/"));
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.find("data: hello\n\n") == std::string::npos) {
    const int count = SSL_read(client.session(), buffer.data(), buffer.size());
    ASSERT_GT(count, 0);
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  client.connection().reset();
  EXPECT_TRUE(eventually([&] { return ground.server().metrics().event_streams_open == 0; }));
}

TEST_F(Tls, NeedsAKeyThatIsTheCertificates) {
  const TlsFiles other = make_files("other");
  SystemClock clock;
  SeededRandom random(1);
  ServerSettings mixed = settings();
  mixed.tls->private_key = other.private_key;
  EXPECT_THROW(Server(mixed, answer, {.clock = clock, .random = random}), Error);
  std::filesystem::remove_all(std::filesystem::path(other.private_key).parent_path());
}

}  // namespace
}  // namespace doppel::net
