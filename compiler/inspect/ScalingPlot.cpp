// SPDX-License-Identifier: Apache-2.0
//
// The picture of a model of scaling.
#include "compiler/inspect/ScalingReport.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace bertc {

namespace {

constexpr double kTop = 58, kHeight = 220, kWidth = 300, kLeft = 56;
constexpr double kRight = kLeft + kWidth + 76;
constexpr const char *kGrey = "#767676", *kGrid = "#76767640";
constexpr const char *kLine = "#3f7fd0";

struct Part {
  const char *name, *colour;
  double ScalingRow::*seconds;
};
constexpr std::array<Part, 4> kParts = {
    Part{"compute", "#3f7fd0", &ScalingRow::compute},
    Part{"waiting", "#8a8a8a", &ScalingRow::waiting},
    Part{"all-reduce", "#d9822b", &ScalingRow::exposed},
    Part{"update", "#5a9e5a", &ScalingRow::update}};

std::string text(double x, double y, const std::string &what,
                 const char *anchor, const char *weight = "normal",
                 int size = 11) {
  return fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='{}' "
                     "font-weight='{}' font-size='{}' fill='{}'>{}</text>\n",
                     x, y, anchor, weight, size, kGrey, what);
}

std::string gridLine(double x, double y) {
  return fmt::format("<line x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}' "
                     "stroke='{}'/>\n",
                     x, y, x + kWidth, y, kGrid);
}

/// Middle of the place of row `i` of `count`.
double place(double left, size_t i, size_t count) {
  return left +
         kWidth * (static_cast<double>(i) + 0.5) / static_cast<double>(count);
}

/// Numbers of workers under a panel.
std::string workersAxis(const ScalingReport &report, double left) {
  std::string out;
  for (size_t i = 0; i < report.rows.size(); ++i) {
    out += text(place(left, i, report.rows.size()), kTop + kHeight + 16,
                fmt::format("{}", report.rows[i].workers), "middle");
  }
  return out +
         text(left + kWidth / 2, kTop + kHeight + 34, "workers", "middle");
}

std::string efficiencyPanel(const ScalingReport &report) {
  std::string out = text(kLeft, kTop - 28, "efficiency", "start", "bold", 12);
  double most = 1;
  for (const ScalingRow &row : report.rows) {
    most = std::max(most, row.efficiency);
  }
  auto height = [&](double value) {
    return kTop + kHeight * (1 - value / most);
  };
  for (double mark : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    out += gridLine(kLeft, height(mark));
    out += text(kLeft - 6, height(mark) + 4, fmt::format("{:g}", mark), "end",
                "normal", 10);
  }
  std::string points, labels;
  for (size_t i = 0; i < report.rows.size(); ++i) {
    double x = place(kLeft, i, report.rows.size());
    double y = height(report.rows[i].efficiency);
    points += fmt::format("{:.1f},{:.1f} ", x, y);
    labels += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='3' "
                          "fill='{}'/>\n",
                          x, y, kLine);
    labels += text(x, y + 16, fmt::format("{:.3f}", report.rows[i].efficiency),
                   "middle", "normal", 10);
  }
  return out +
         fmt::format("<polyline points='{}' fill='none' stroke='{}' "
                     "stroke-width='2'/>\n",
                     points, kLine) +
         labels + workersAxis(report, kLeft);
}

std::string bar(const ScalingRow &row, double middle, double width,
                double most) {
  std::string out;
  double y = kTop + kHeight;
  for (const Part &part : kParts) {
    double tall = kHeight * (row.*part.seconds) / most;
    y -= tall;
    out += fmt::format("<rect x='{:.1f}' y='{:.2f}' width='{:.1f}' "
                       "height='{:.2f}' fill='{}'/>\n",
                       middle - width / 2, y, width, tall, part.colour);
  }
  return out;
}

std::string partsPanel(const ScalingReport &report) {
  std::string out =
      text(kRight, kTop - 28, "seconds of an update", "start", "bold", 12);
  double most = 0;
  for (const ScalingRow &row : report.rows) {
    most = std::max(most, row.total);
  }
  for (int i = 0; i <= 4; ++i) {
    double y = kTop + kHeight * (1 - i / 4.0);
    out += gridLine(kRight, y);
    out += text(kRight - 6, y + 4, fmt::format("{:.3g}", most * i / 4), "end",
                "normal", 10);
  }
  double width =
      std::min(36.0, 0.6 * kWidth / static_cast<double>(report.rows.size()));
  for (size_t i = 0; i < report.rows.size(); ++i) {
    out +=
        bar(report.rows[i], place(kRight, i, report.rows.size()), width, most);
  }
  double x = kRight;
  for (const Part &part : kParts) {
    out += fmt::format("<rect x='{:.0f}' y='{:.0f}' width='10' height='10' "
                       "rx='2' fill='{}'/>\n",
                       x, kTop - 21, part.colour);
    out += text(x + 14, kTop - 12, part.name, "start");
    x += 76;
  }
  return out + workersAxis(report, kRight);
}

} // namespace

std::string scalingSvg(const ScalingReport &report) {
  double width = kRight + kWidth + 24, height = kTop + kHeight + 46;
  return fmt::format(
             "<svg xmlns='http://www.w3.org/2000/svg' width='{0:.0f}' "
             "height='{1:.0f}' viewBox='0 0 {0:.0f} {1:.0f}' "
             "font-family='system-ui, sans-serif' role='img'><title>Efficiency "
             "and time of an update by number of workers</title>\n",
             width, height) +
         efficiencyPanel(report) + partsPanel(report) + "</svg>\n";
}

} // namespace bertc
