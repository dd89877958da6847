// SPDX-License-Identifier: Apache-2.0
#include "support/Progress.h"

#include <cstdlib>

#include <gmock/gmock.h>

namespace bertc {
namespace {

using ::testing::HasSubstr;

struct Screen {
  std::string text;
  double now = 0;

  ProgressOptions options(bool terminal) {
    ProgressOptions options;
    options.label = "read";
    options.unit = "MB";
    options.total = 10;
    options.terminal = terminal ? 1 : 0;
    options.columns = 100;
    options.sink = [this](const std::string &part) { text += part; };
    options.clock = [this] { return now; };
    return options;
  }
};

TEST(Progress, TerminalRedrawsOneLineWithRateAndTimeLeft) {
  Screen screen;
  Progress progress(screen.options(true));
  screen.now = 2;
  progress.advanceTo(5, "loss 7.1");
  EXPECT_EQ(screen.text, "\rread [############............]  50% 5/10 MB, "
                         "2.50 MB/s, 00:02 elapsed, 00:02 left, loss 7.1"
                         "\x1b[K");
  progress.advanceTo(10);
  progress.finish();
  EXPECT_THAT(screen.text, HasSubstr("100% 10/10 MB"));
  EXPECT_EQ(screen.text.back(), '\n');
}

TEST(Progress, PlainLinesComeAtIntervalsWithoutEscapes) {
  Screen screen;
  Progress progress(screen.options(false));
  screen.now = 1;
  progress.add(1);
  EXPECT_EQ(screen.text, "");
  screen.now = 6;
  progress.add(1);
  EXPECT_EQ(screen.text, "read  20% 2/10 MB, 0.33 MB/s, 00:06 elapsed, "
                         "00:24 left\n");
}

TEST(Progress, QuietPrintsNothing) {
  Screen screen;
  ProgressOptions options = screen.options(true);
  options.quiet = true;
  {
    Progress progress(options);
    progress.advanceTo(5);
    progress.note("hello");
    progress.finish();
  }
  EXPECT_EQ(screen.text, "");
}

TEST(Progress, DestructionEndsAnOpenLine) {
  Screen screen;
  {
    Progress progress(screen.options(true));
    progress.advanceTo(1);
  }
  EXPECT_EQ(screen.text.back(), '\n');
}

TEST(Progress, NoteClearsTheBarFirst) {
  Screen screen;
  Progress progress(screen.options(true));
  progress.advanceTo(1);
  screen.text.clear();
  progress.note("saved");
  EXPECT_EQ(screen.text, "\r\x1b[Ksaved\n");
}

TEST(Progress, NarrowTerminalCutsTheLine) {
  Screen screen;
  ProgressOptions options = screen.options(true);
  options.columns = 20;
  Progress progress(options);
  progress.advanceTo(1);
  EXPECT_EQ(screen.text, "\rread [##...........\x1b[K");
}

TEST(Progress, ResumedCountIsLeftOutOfTheRate) {
  Screen screen;
  ProgressOptions options = screen.options(false);
  options.start = 8;
  Progress progress(options);
  screen.now = 2;
  progress.advanceTo(9);
  EXPECT_DOUBLE_EQ(progress.rate(), 0.5);
}

TEST(FormatDuration, HoursMinutesAndUnknown) {
  EXPECT_EQ(formatDuration(3723), "1:02:03");
  EXPECT_EQ(formatDuration(63), "01:03");
  EXPECT_EQ(formatDuration(-1), "--:--");
}

TEST(ColorAllowed, NoColorWins) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(colorAllowed(2));
  unsetenv("NO_COLOR");
}

} // namespace
} // namespace bertc
