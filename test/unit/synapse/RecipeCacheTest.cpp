// SPDX-License-Identifier: Apache-2.0
//
// Compiled graphs on disk: when they are used, when made anew, how many stay,
// and processes that want the same one at once.

#include "runtime/synapse/RecipeCache.h"
#include "runtime/synapse/CacheFiles.h"
#include "test/unit/synapse/GraphPlan.h"
#include "test/unit/synapse/StandIn.h"

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bertc::rt::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct RecipeCacheTest : StandInTest {
  RecipeCacheTest() {
    cached = options();
    cached.recipeCache = cache / "a/b";
  }
  /// Runs "main" (two graphs) in a session of its own; how many graphs it
  /// compiled.
  uint64_t compilations(const SessionOptions &options) {
    {
      auto session = Session::create(*smallDevicePlan().load(), options);
      EXPECT_TRUE(session.ok()) << session.status().message();
      float x[4] = {1, 2, 3, 4}, z[4] = {};
      Status status = (*session)->run("main", {{"x", {DType::F32, {4}, x}}},
                                      {{"z", {DType::F32, {4}, z}}});
      EXPECT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(z[3], 16);
    }
    Accounting counted = accounting();
    EXPECT_THAT(counted.left, IsEmpty());
    return counted.calls["synGraphCompile"].calls;
  }
  std::vector<fs::path> recipes() {
    std::vector<fs::path> found;
    for (const auto &entry : fs::directory_iterator(cached.recipeCache)) {
      if (entry.path().extension() == ".recipe") {
        found.push_back(entry.path());
      }
    }
    return found;
  }

  TestFolder cache;
  SessionOptions cached;
};

TEST_F(RecipeCacheTest, aGraphIsCompiledOnce) {
  EXPECT_EQ(compilations(cached), 2u);
  EXPECT_EQ(compilations(cached), 0u);
  EXPECT_THAT(recipes(), SizeIs(2));
  EXPECT_EQ(compilations(options()), 2u) << "the cache was off";
}

TEST_F(RecipeCacheTest, whatIsCompiledIsSaid) {
  std::vector<std::string> lines;
  cached.say = [&](const std::string &line) { lines.push_back(line); };
  compilations(cached);
  compilations(cached);
  EXPECT_THAT(lines, ElementsAre("compiling graph 'main/0', 1 nodes",
                                 "compiling graph 'main/1', 1 nodes"));
}

TEST_F(RecipeCacheTest, theEnvironmentNamesTheFolderAndTheSize) {
  SessionOptions plain = options();
  plain.recipeCache.clear();
  ScopedVariable place("BERTC_RECIPE_CACHE_DIR", cached.recipeCache);
  EXPECT_EQ(compilations(plain), 2u);
  EXPECT_EQ(compilations(plain), 0u);
  ScopedVariable none("BERTC_RECIPE_CACHE_MB", "0");
  EXPECT_EQ(compilations(plain), 2u);
  ScopedVariable bad("BERTC_RECIPE_CACHE_MB", "many");
  Status status = Session::create(*smallDevicePlan().load(), plain).status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("BERTC_RECIPE_CACHE_MB is 'many'"));
}

TEST_F(RecipeCacheTest, theDefaultIsInTheUsersCacheFolder) {
  ScopedVariable xdg("XDG_CACHE_HOME", nullptr);
  ScopedVariable home("HOME", "/somebody");
  EXPECT_EQ(syn::RecipeCacheSettings::resolve({})->folder,
            "/somebody/.cache/bertc/recipes");
  ScopedVariable cacheHome("XDG_CACHE_HOME", "/elsewhere");
  StatusOr<syn::RecipeCacheSettings> settings =
      syn::RecipeCacheSettings::resolve({});
  EXPECT_EQ(settings->folder, "/elsewhere/bertc/recipes");
  EXPECT_EQ(settings->maxBytes, uint64_t{4} << 30);
}

TEST_F(RecipeCacheTest, aDamagedFileIsReplaced) {
  compilations(cached);
  for (const fs::path &path : recipes()) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('X');
  }
  EXPECT_EQ(compilations(cached), 2u);
  EXPECT_THAT(recipes(), SizeIs(2)) << "the damaged ones stayed";
  EXPECT_EQ(compilations(cached), 0u);
}

TEST_F(RecipeCacheTest, aFileTheLibraryRefusesIsReplaced) {
  compilations(cached);
  ScopedVariable refuse("SYNAPSE_STAND_IN_FAULT", "synRecipeDeSerialize:1=19");
  EXPECT_EQ(compilations(cached), 1u);
  EXPECT_THAT(recipes(), SizeIs(2));
}

TEST_F(RecipeCacheTest, aRecipeOfAnotherGraphIsNotUsed) {
  compilations(cached);
  std::vector<fs::path> found = recipes();
  // Under the key of the first, with the right hash: the content of the other.
  std::string hash = *syn::hashFile(found[1]);
  std::string key = found[0].filename().string().substr(0, 64);
  fs::copy_file(found[1],
                found[0].parent_path() / (key + "-" + hash + ".recipe"));
  fs::remove(found[0]);
  EXPECT_EQ(compilations(cached), 1u);
}

TEST_F(RecipeCacheTest, anotherReleaseMakesItsOwn) {
  compilations(cached);
  {
    ScopedVariable version("SYNAPSE_STAND_IN_VERSION", "1.20.0-other");
    EXPECT_EQ(compilations(cached), 2u);
    EXPECT_EQ(compilations(cached), 0u);
  }
  EXPECT_EQ(compilations(cached), 0u);
  EXPECT_THAT(recipes(), SizeIs(4));
}

TEST_F(RecipeCacheTest, otherKernelsMakeTheirOwn) {
  compilations(cached);
  std::ofstream(folder / "kernels.so") << "kernels";
  ScopedVariable kernelPath("GC_KERNEL_PATH", folder / "kernels.so");
  EXPECT_EQ(compilations(cached), 2u);
  EXPECT_EQ(compilations(cached), 0u);
  std::ofstream(folder / "kernels.so") << "other kernels";
  EXPECT_EQ(compilations(cached), 2u);
}

TEST_F(RecipeCacheTest, aFolderThatCannotBeIsDoneWithout) {
  std::ofstream(folder / "file") << "";
  cached.recipeCache = folder / "file/cache";
  std::vector<std::string> lines;
  cached.say = [&](const std::string &line) { lines.push_back(line); };
  EXPECT_EQ(compilations(cached), 2u);
  ASSERT_THAT(lines, SizeIs(3)) << "said once, and what is compiled";
  EXPECT_THAT(lines[0], AllOf(HasSubstr("compiled graphs are not kept ("),
                              HasSubstr("file/cache: Not a directory"),
                              HasSubstr("--recipe-cache-dir")));
}

TEST_F(RecipeCacheTest, aRecipeThatCannotBeWrittenIsDoneWithout) {
  ScopedVariable refuse("SYNAPSE_STAND_IN_FAULT", "synRecipeSerialize:1+=26");
  std::vector<std::string> lines;
  cached.say = [&](const std::string &line) { lines.push_back(line); };
  EXPECT_EQ(compilations(cached), 2u);
  EXPECT_THAT(recipes(), IsEmpty());
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[1], HasSubstr("not kept (synRecipeSerialize: synFail"));
}

TEST_F(RecipeCacheTest, filesOfOthersInTheFolderStay) {
  std::string place = cache / "home";
  ASSERT_TRUE(syn::makeFolders(place).ok());
  std::string hash(64, 'a');
  std::vector<std::string> others = {
      place + "/apple-pie.recipe", place + "/.recipe", place + "/scratch-notes",
      place + "/x-" + std::string(64, 'g') + ".recipe",
      place + "/" + hash + ".recipe"};
  others.push_back(place + "/bertc-scratch-old");
  for (const std::string &path : others) {
    ASSERT_TRUE(syn::writeWholeFile(path, hash.data(), 64).ok());
    fs::last_write_time(path, fs::file_time_type::clock::now() -
                                  std::chrono::hours(48));
  }
  StatusOr<syn::ScratchFile> scratch = syn::ScratchFile::make(place);
  ASSERT_TRUE(scratch.ok());
  ASSERT_TRUE(syn::writeWholeFile(scratch->path(), "12345678", 8).ok());
  ASSERT_TRUE(syn::keep(place, "key", scratch->path(), 8).ok());
  EXPECT_FALSE(fs::exists(others.back())) << "left by a program that died";
  others.pop_back();
  for (const std::string &path : others) {
    EXPECT_TRUE(fs::exists(path)) << path;
  }
}

TEST_F(RecipeCacheTest, theLeastRecentlyUsedGoesFirst) {
  std::string place = cache / "kept";
  ASSERT_TRUE(syn::makeFolders(place).ok());
  auto keep = [&](const std::string &key, size_t bytes, uint64_t limit) {
    StatusOr<syn::ScratchFile> scratch = syn::ScratchFile::make(place);
    ASSERT_TRUE(scratch.ok());
    std::string content(bytes, key[0]);
    ASSERT_TRUE(
        syn::writeWholeFile(scratch->path(), content.data(), bytes).ok());
    Status status = syn::keep(place, key, scratch->path(), limit);
    ASSERT_TRUE(status.ok()) << status.message();
    usleep(20000); // file times are compared
  };
  auto there = [&](const std::string &key) {
    return syn::findCached(place, key,
                           [](const std::string &) { return true; });
  };
  keep("a", 400, 1000);
  keep("b", 400, 1000);
  EXPECT_TRUE(there("a")) << "used: now younger than b";
  usleep(20000);
  keep("c", 400, 1000);
  EXPECT_FALSE(there("b"));
  EXPECT_TRUE(there("a"));
  EXPECT_TRUE(there("c"));
  keep("d", 2000, 1000);
  EXPECT_FALSE(there("d")) << "larger than the whole cache";
  EXPECT_TRUE(there("a"));
}

TEST_F(RecipeCacheTest, processesAtOnceCompileOnce) {
  constexpr int kProcesses = 3;
  pid_t children[kProcesses];
  for (int i = 0; i < kProcesses; ++i) {
    children[i] = fork();
    ASSERT_GE(children[i], 0);
    if (children[i] == 0) {
      std::string own = folder / ("report" + std::to_string(i) + ".json");
      setenv("SYNAPSE_STAND_IN_REPORT", own.c_str(), 1);
      bool fine = false;
      {
        auto session = Session::create(*smallDevicePlan().load(), cached);
        fine = session.ok() && (*session)->prepare("main").ok();
      }
      _exit(fine ? 0 : 1);
    }
  }
  for (pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  int compiled = 0;
  for (int i = 0; i < kProcesses; ++i) {
    std::ifstream file(folder / ("report" + std::to_string(i) + ".json"));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    size_t at = text.find("\"synGraphCompile\": {\"calls\": ");
    compiled += at == std::string::npos ? 0 : text[at + 29] - '0';
  }
  EXPECT_EQ(compiled, 2);
  EXPECT_EQ(compilations(cached), 0u);
}

} // namespace
} // namespace bertc::rt::test
