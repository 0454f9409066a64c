// What isn't as it should be gets an error that names the place and what to do, with the exit code
// of the error table, and nothing is lost. The program runs as it would for a user without rights:
// as nobody where the tests run as root.
#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/sqlite/connection.hpp"
#include "base/files.hpp"
#include "stand.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kUsageExit = 2;
constexpr int kRefused = 3;
constexpr int kFailed = 4;
const EnvironmentName kQa{"shop", "qa"};

class BadInput : public ::testing::Test {
 protected:
  void make() {
    doppel_ = stand_.with_tenant();
    doppel_->create(kQa, {});
    stand_.edit_sandbox("shop/qa", "UPDATE queues SET name = 'Vetted' WHERE id = 2");
    before_ = Stand::content(stand_.live());
  }

  void fails(const std::vector<std::string>& arguments, int exit, const std::string& place,
             const std::string& says) {
    const Finished finished = stand_.run(arguments);
    EXPECT_EQ(finished.exit, exit) << finished.err;
    EXPECT_THAT(finished.err,
                AllOf(HasSubstr(place), ::testing::ContainsRegex(says), HasSubstr("\n  ")));
  }

  Finished init(const fs::path& database) {
    return stand_.run(
        {"init", "other", "sqlite:" + database.string(), "--manifest", stand_.manifest().string()});
  }

  Stand stand_;
  std::unique_ptr<Doppel> doppel_;
  std::string before_;
};

TEST_F(BadInput, ADatabaseThatIsNone) {
  const fs::path file = stand_.folder() / "notes.txt";
  std::ofstream(file) << "Dear diary, this is no database.\n";
  const Finished finished = init(file);
  EXPECT_EQ(finished.exit, kFailed);
  EXPECT_THAT(finished.err, AllOf(HasSubstr(file.string()), HasSubstr("not a SQLite database")));
  EXPECT_THAT(init(stand_.folder() / "nowhere.db").err, HasSubstr("no such file"));
  EXPECT_EQ(init(stand_.folder()).exit, kFailed);
}

TEST_F(BadInput, ATruncatedDatabase) {
  make();
  const auto size = fs::file_size(stand_.live());
  const std::string whole = read_file(stand_.live());
  fs::resize_file(stand_.live(), size / 2);
  fails({"plan", "shop/qa"}, kFailed, stand_.live().string(), "cut short|malformed");
  std::ofstream(stand_.live(), std::ios::binary) << whole;
  EXPECT_EQ(doppel_->status(kQa).changes, 1U);
}

TEST_F(BadInput, ASandboxIsNoProduction) {
  make();
  const Finished finished = init(stand_.file_of("shop/qa"));
  EXPECT_EQ(finished.exit, kRefused);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("sandbox"), HasSubstr("data.db")));
}

TEST_F(BadInput, ALockedDatabase) {
  make();
  const std::string hash = doppel_->plan(kQa, {}).hash.text;
  const auto holder =
      sqlite::open({.path = stand_.live().string(), .access = database::Access::kReadWrite});
  holder->run_script("BEGIN EXCLUSIVE");
  fails({"promote", "shop/qa", "--plan", hash}, kFailed, stand_.live().string(), "locked");
  holder->run_script("COMMIT");
  EXPECT_EQ(Stand::content(stand_.live()), before_);
  EXPECT_EQ(stand_.run({"promote", "shop/qa", "--plan", hash}).exit, 0);
}

TEST_F(BadInput, TheLiveFileMovedAway) {
  make();
  const fs::path away = stand_.folder() / "moved.db";
  fs::rename(stand_.live(), away);
  fails({"plan", "shop/qa"}, kRefused, stand_.live().string(), "no such file");
  EXPECT_FALSE(fs::exists(stand_.live())) << "an empty database was made in its place";
  fs::rename(away, stand_.live());
  EXPECT_EQ(doppel_->status(kQa).changes, 1U);
}

TEST_F(BadInput, TheSandboxFileGoneOrAnotherOne) {
  make();
  const fs::path file = stand_.file_of("shop/qa");
  const fs::path kept = stand_.folder() / "kept.db";
  fs::rename(file, kept);
  fails({"diff", "shop/qa"}, kRefused, file.string(), "no such file");
  fs::copy_file(stand_.live(), file);
  fails({"diff", "shop/qa"}, kRefused, file.string(), "not this sandbox's");
  fs::remove(file);
  fs::copy_file(kept, file);
  EXPECT_EQ(doppel_->status(kQa).changes, 1U);
  fs::remove(file);
  const Finished finished = stand_.run({"sandbox", "discard", "shop/qa"});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_TRUE(doppel_->sandboxes("shop").empty());
}

TEST_F(BadInput, AForeignFileInTheSandboxIsKeptByDiscard) {
  make();
  const fs::path file = stand_.file_of("shop/qa");
  fs::copy_file(stand_.live(), file, fs::copy_options::overwrite_existing);
  const fs::path kept = doppel_->discard(kQa);
  EXPECT_TRUE(fs::exists(kept / "data.db")) << kept;
}

TEST_F(BadInput, AControlStoreOfANewerDoppel) {
  make();
  Stand::write(stand_.home() / "control.db",
               "INSERT INTO migration VALUES ('9999_from_the_future', 'then')");
  fails({"sandbox", "list", "shop"}, kFailed, "control.db", "newer doppel");
}

TEST_F(BadInput, AControlStoreThatIsNoDatabase) {
  make();
  const fs::path store = stand_.home() / "control.db";
  std::ofstream(store) << "Not at all a database, but longer than a header would have to be.\n";
  fails({"sandbox", "list", "shop"}, kFailed, store.string(), "not a SQLite database");
}

TEST_F(BadInput, APlanThatIsDamagedInTheStore) {
  make();
  const plan::Plan plan = doppel_->plan(kQa, {});
  doppel_.reset();
  for (const std::string document : {R"({"hash":)", "[]", R"({"hash": 5})"}) {
    Stand::write(stand_.home() / "control.db", "UPDATE plan SET document = '" + document + "'");
    fails({"promote", "shop/qa", "--plan", plan.hash.text}, kUsageExit, "stored plan",
          "the plan that was kept can't be read");
  }
  EXPECT_EQ(Stand::content(stand_.live()), before_);
  doppel_ = stand_.open();
  doppel_->promote(kQa, doppel_->plan(kQa, {}).hash.text);
}

TEST_F(BadInput, TextThatIsNotUtf8) {
  make();
  fails({"plan", "shop/qa", "--select", "queues:a\xff"}, kUsageExit, "queues:a\\xff", "UTF-8");
  fails({"plan", "shop/qa", "--map", "queues:a\xff=1"}, kUsageExit, "queues:a\\xff", "UTF-8");
  fails({"sandbox", "create", "shop/more", "--purpose", "p\xff"}, kUsageExit, "p\\xff", "UTF-8");
  fails({"sandbox", "checkpoint", "shop/qa", "c\xff"}, kUsageExit, "c\\xff", "UTF-8");
  fails({"--as", "z\xff", "sandbox", "discard", "shop/qa"}, kUsageExit, "z\\xff", "UTF-8");
  EXPECT_EQ(doppel_->status(kQa).changes, 1U);
}

TEST_F(BadInput, AManifestWithMistakes) {
  const fs::path file = stand_.folder() / "wrong.yaml";
  std::ofstream(file) << "doppel: 1\napplication: shop\nversion: \"1\"\ntables:\n"
                         "  queues: {role: confg}\n  nothing_such: {role: config}\n";
  const Finished finished =
      stand_.run({"init", "shop", "sqlite:" + stand_.live().string(), "--manifest", file.string()});
  EXPECT_EQ(finished.exit, kRefused) << finished.err;
  EXPECT_THAT(finished.err, AllOf(HasSubstr("wrong.yaml:5"), HasSubstr("confg")));
  EXPECT_EQ(stand_.run({"init", "Shop!", "sqlite:x", "--manifest", file.string()}).exit,
            kUsageExit);
}

TEST_F(BadInput, ASchemaThatChangedUnderTheSandbox) {
  make();
  stand_.edit_live("ALTER TABLE queues RENAME COLUMN rank TO place");
  const Finished finished = stand_.run({"plan", "shop/qa"});
  EXPECT_EQ(finished.exit, kRefused) << finished.err;
  EXPECT_THAT(finished.err, AllOf(HasSubstr("queues"), HasSubstr("rank")));
  stand_.edit_live("ALTER TABLE queues RENAME COLUMN place TO rank");
  EXPECT_EQ(doppel_->status(kQa).changes, 1U);
}

/// No file may grow beyond a few kilobytes: the disk is as good as full.
TEST_F(BadInput, AFullDisk) {
  make();
  const std::string hash = doppel_->plan(kQa, {}).hash.text;
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  for (const rlim_t limit : {rlim_t{0}, rlim_t{4096}, rlim_t{16384}}) {
    const rlimit small{limit, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    Running promotion = stand_.start({"promote", "shop/qa", "--plan", hash});
    Running creation = stand_.start({"sandbox", "create", "shop/other"});
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(promotion.wait().exit, kFailed);
    EXPECT_EQ(creation.wait().exit, kFailed);
    EXPECT_EQ(Stand::content(stand_.live()), before_);
    EXPECT_EQ(Stand::damage(stand_.live()), "");
    EXPECT_EQ(doppel_->status(kQa).changes, 1U);
  }
  std::signal(SIGXFSZ, ignored);
  const Finished again = stand_.run({"promote", "shop/qa", "--plan", hash});
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_EQ(stand_.run({"sandbox", "create", "shop/other"}).exit, 0);
}

/// Rights bind only users who aren't root, so the program runs as one.
TEST_F(BadInput, AReadOnlyDatabase) {
  make();
  const std::string hash = doppel_->plan(kQa, {}).hash.text;
  const bool root = ::geteuid() == 0;
  if (root) {
    for (const auto& entry : fs::recursive_directory_iterator(stand_.home())) {
      constexpr uid_t kNobody = 65534;
      ASSERT_EQ(::chown(entry.path().c_str(), kNobody, kNobody), 0);
    }
    ASSERT_EQ(::chown(stand_.home().c_str(), 65534, 65534), 0);
    fs::permissions(stand_.folder().parent_path(), fs::perms{0755});
  }
  fs::permissions(stand_.live(), fs::perms{0444});
  fs::permissions(stand_.folder(), fs::perms{0555});
  const Finished finished = stand_.run_as_nobody({"promote", "shop/qa", "--plan", hash});
  fs::permissions(stand_.folder(), fs::perms{0755});
  fs::permissions(stand_.live(), fs::perms{0644});
  EXPECT_EQ(finished.exit, kFailed) << finished.err;
  EXPECT_THAT(finished.err, AllOf(HasSubstr(stand_.live().string()), HasSubstr("written")));
  EXPECT_EQ(Stand::content(stand_.live()), before_);
  EXPECT_EQ(doppel_->status(kQa).changes, 1U);
}

}  // namespace
}  // namespace doppel::testing
