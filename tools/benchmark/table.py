# SPDX-License-Identifier: Apache-2.0
"""Results as Markdown: one table for training, one for inference, peers in
rows of their own below the case they stand beside."""

HEAD = ("case", "tokens/s", "sequences/s", "step, ms", "of the ceiling",
        "ceiling, tokens/s", "GFLOP/s", "update, ms", "tokens/s, 8 steps an "
        "update", "peak memory, GB")


def number(value, digits=None):
    """Three figures or more, in groups of thousands."""
    if not value:
        return "-"
    if digits is None:
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", " ")


def _times(bench):
    low, high = bench["step_ms_quartiles"]
    return f"{number(bench['step_ms_median'])} ({number(low)}-{number(high)})"


def _row(result):
    if result["status"] != "done":
        return [result["name"], f"{result['status']}: {result['reason']}"]
    bench = result["bench"]
    training = bench.get("training_tokens_per_second", {})
    ratio = bench.get("ceiling_ratio", 0)
    return [result["name"], number(bench["tokens_per_second"]),
            number(bench["sequences_per_second"]), _times(bench),
            f"{ratio:.3f}" if ratio else "-",
            number(bench.get("gemm_ceiling_tokens_per_second", 0)),
            number(bench["gflops"]), number(bench.get("apply_gradients_ms", 0)),
            number(training.get("8", 0)),
            number(bench["peak_rss_bytes"] / 1e9, 2)]


def _peer_row(peer, ours):
    factor = f" (ours is {ours / peer['tokens_per_second']:.2f}x)" \
        if ours and peer["tokens_per_second"] else ""
    memory = peer["peak_rss_bytes"]
    note = f"; {peer['note']}" if peer["note"] else ""
    first = peer["first_step_seconds"]
    first = f"; first step {first:.0f} s" if first and first >= 1 else ""
    return [f"- {peer['name']}{first}{note}",
            number(peer["tokens_per_second"]) + factor] + [""] * 7 + [
                number(memory / 1e9, 2) if memory else ""]


def _lines(rows):
    for row in rows:
        cells = [cell.replace("|", "\\|") for cell in row]
        yield "| " + " | ".join(cells + [""] * (len(HEAD) - len(cells))) + " |"


def _groups(results):
    groups = {}
    for result in results:
        groups.setdefault(result["case"]["group"], []).append(result)
    return groups


def markdown(document):
    """The document of results.json as text."""
    machine = document["machine"]
    memory = machine["memory_bytes"] / 1e9
    lines = [
        "# Benchmark results", "",
        f"{machine['cpu_model']}, {machine['cores']} cores, "
        f"{machine['cpu_isa']}, {memory:.0f} GB; {machine['system']}; "
        f"revision {machine['git_revision']}; {machine['date']}.",
        *(f"{text}." for text in machine["versions"])]
    if machine["environment"]:
        lines.append("Set: " + ", ".join(
            f"{key}={value}" for key, value in machine["environment"].items()))
    for group, results in _groups(document["results"]).items():
        lines += ["", f"## {group or 'Cases'}", "", *_lines([HEAD]),
                  "|" + "---|" * len(HEAD)]
        for result in results:
            lines += _lines([_row(result)])
            ours = result["bench"]["tokens_per_second"] \
                if result["status"] == "done" else 0
            lines += _lines(_peer_row(peer, ours)
                            for peer in document["peers"]
                            if peer["case"] == result["name"])
    lines += ["", "Times are medians (quartiles). The ceiling is every matrix "
              "product of the step alone in oneDNN, in the same run. An update "
              "is `apply_gradients` by itself.", ""]
    return "\n".join(lines)
