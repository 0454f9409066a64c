// The driver of a fuzz target in an ordinary build: feeds it the seeds of a folder, and every seed
// cut short and with one byte changed at some places, always the same ones. A crash or an
// exception fails the test; finding new inputs is the fuzz preset's work.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kPlacesPerSeed = 64;

void feed(const std::string& input) {
  // A buffer of its own, so that a sanitizer sees a read past the end.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::vector<std::string> seeds_of(const std::filesystem::path& folder) {
  std::vector<std::string> seeds;
  if (!std::filesystem::is_directory(folder)) return seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

std::size_t replay(const std::string& seed) {
  feed(seed);
  std::size_t fed = 1;
  const std::size_t step = seed.size() / kPlacesPerSeed + 1;
  for (std::size_t place = 0; place < seed.size(); place += step) {
    feed(seed.substr(0, place));
    std::string changed = seed;
    changed[place] = static_cast<char>(changed[place] ^ (1U << (place % 8)));
    feed(changed);
    fed += 2;
  }
  return fed;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t fed = replay("") + replay("{}") + replay("a: [1, \"b\", null]\n");
  for (int i = 1; i < count; ++i) {
    for (const std::string& seed : seeds_of(arguments[i])) fed += replay(seed);
  }
  std::printf("%zu inputs\n", fed);
  return 0;
}
