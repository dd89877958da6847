# SPDX-License-Identifier: Apache-2.0
"""Results as one SVG: left the part of the GEMM-only ceiling, right tokens/s
with peers beside. Text is a grey that reads on white and on black."""
import math
from xml.sax.saxutils import escape

GREY, GRID = "#767676", "#76767640"
COLOURS = {"f32": "#3f7fd0", "bf16": "#d9822b", "peer": "#8a8a8a"}
ROW, GAP, TOP = 20, 14, 58
LEFT, LETTER, PANEL, BETWEEN, RIGHT = 20, 6.7, 250, 80, 90
FONT = "font-family='system-ui, sans-serif' font-size='12'"


def _nice(limit):
    """The round number at or above `limit` that a scale ends at."""
    step = 1
    while step * 10 < limit:
        step *= 10
    for factor in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10):  # in four parts
        if factor * step >= limit:
            return factor * step
    return limit


def _rows(document):
    """(kind, label, colour, ratio, tokens/s) from top to bottom."""
    group = None
    for result in document["results"]:
        if result["status"] != "done":
            continue
        case, bench = result["case"], result["bench"]
        if case["group"] != group:
            group = case["group"]
            yield "group", group or "Cases", None, 0, 0
        yield ("case", result["name"], COLOURS[case["precision"]],
               bench.get("ceiling_ratio", 0), bench["tokens_per_second"])
        for peer in document["peers"]:
            if peer["case"] == result["name"]:
                yield ("peer", peer["name"], COLOURS["peer"], 0,
                       peer["tokens_per_second"])


def _text(x, y, text, anchor="start", weight="normal", size=12):
    return (f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' "
            f"font-weight='{weight}' font-size='{size}' fill='{GREY}'>"
            f"{escape(text)}</text>")


def _bar(x, y, width, colour, label, height):
    top = y + (ROW - height) / 2
    return (f"<rect x='{x:.1f}' y='{top:.1f}' width='{max(width, 1):.1f}' "
            f"height='{height}' rx='2' fill='{colour}'/>" +
            _text(x + width + 5, y + ROW - 6, label, size=11))


def _axis(x, limit, bottom, title, marks):
    parts = [_text(x, TOP - 28, title, weight="bold")]
    for mark in marks:
        at = x + PANEL * mark / limit
        parts.append(f"<line x1='{at:.1f}' y1='{TOP - 6}' x2='{at:.1f}' "
                     f"y2='{bottom}' stroke='{GRID}'/>")
        parts.append(_text(at, TOP - 10, f"{mark:g}", "middle", size=10))
    return parts


def _legend(rows, width, y):
    parts, x = [], width
    used = {row[2] for row in rows}
    names = {"peer": "others", "bf16": "bf16", "f32": "f32"}
    for kind, name in names.items():
        if COLOURS[kind] in used:
            x -= 20 + 8 * len(name)
            parts.append(f"<rect x='{x:.0f}' y='{y - 9}' width='10' height='10' "
                         f"rx='2' fill='{COLOURS[kind]}'/>")
            parts.append(_text(x + 14, y, name, size=11))
    return parts


def svg(document):
    """The document of results.json as a picture; None without figures."""
    rows = list(_rows(document))
    if not rows:
        return None
    fastest = _nice(max(row[4] for row in rows))
    quarters = max([4] + [math.ceil(4 * row[3]) for row in rows])
    groups = sum(row[0] == "group" for row in rows)
    bottom = TOP + ROW * len(rows) + GAP * (groups - 1) + 6
    left = LEFT + LETTER * max(len(row[1]) for row in rows
                               if row[0] != "group")
    right = left + PANEL + BETWEEN
    width = right + PANEL + RIGHT
    title = "Part of the GEMM-only ceiling, and tokens/s, by case"
    parts = [f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' "
             f"height='{bottom + 10}' viewBox='0 0 {width:.0f} {bottom + 10}' "
             f"{FONT} role='img'><title>{title}</title>"]
    parts += _axis(left, quarters / 4, bottom, "part of the GEMM-only ceiling",
                   [i / 4 for i in range(quarters + 1)])
    parts += _axis(right, fastest, bottom, "tokens/s",
                   [fastest * i / 4 for i in range(5)])
    parts += _legend(rows, width - 10, TOP - 28)
    y = TOP
    for number, (kind, label, colour, ratio, rate) in enumerate(rows):
        if kind == "group":
            y += GAP if number else 0
            parts.append(_text(8, y + ROW - 6, label, weight="bold"))
        else:
            peer = kind == "peer"
            parts.append(_text(left - 8, y + ROW - 6, label, "end",
                               size=11 if peer else 12))
            height = 8 if peer else 14
            if ratio:
                parts.append(_bar(left, y, PANEL * ratio * 4 / quarters, colour,
                                  f"{ratio:.2f}", height))
            parts.append(_bar(right, y, PANEL * rate / fastest, colour,
                              f"{rate:,.0f}".replace(",", " "), height))
        y += ROW
    return "\n".join(parts + ["</svg>", ""])
