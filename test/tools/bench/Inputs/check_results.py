# SPDX-License-Identifier: Apache-2.0
"""The three files of a run agree: JSON, table and plot.
usage: check_results.py OUTPUT_DIR"""
import json
import sys
import xml.etree.ElementTree

folder = sys.argv[1]
with open(f"{folder}/results.json", encoding="utf-8") as file:
    document = json.load(file)
assert document["schema"] == "bertc.benchmark_results"
assert document["schema_version"] == 1
machine = document["machine"]
for key in ("cpu_model", "cpu_isa", "cores", "memory_bytes", "versions",
            "git_revision", "date", "environment"):
    assert machine[key], key
assert any("oneDNN" in text for text in machine["versions"])

results = {result["name"]: result for result in document["results"]}
done = [name for name, result in results.items() if result["status"] == "done"]
assert done == ["tiny_f32", "tiny_bf16", "tiny_packed", "tiny_predict"], done
assert results["tiny_packed"]["bench"]["sequences"] == 4
assert results["tiny_packed"]["bench"]["padding"] == 0.25
assert results["tiny_packed"]["case"]["lengths"] == [16, 8]
assert results["tiny_predict"]["bench"]["cpu_isa"] == "avx2"
assert results["tiny_predict"]["bench"]["entry"] == "predict"
assert results["tiny_f32"]["bench"]["ceiling_ratio"] > 0
assert results["tiny_amx"]["bench"] is None

with open(f"{folder}/plot.svg", encoding="utf-8") as file:
    picture = xml.etree.ElementTree.fromstring(file.read())
texts = [element.text for element in picture.iter()
         if element.tag.endswith("}text")]
for name in done + ["Tiny", "Tiny, inference", "Another <program>"]:
    assert name in texts, (name, texts)
assert "tiny_too-long" not in texts
bars = [element for element in picture.iter()
        if element.tag.endswith("}rect")]
# Rates of four cases and a peer, one ratio, three legends.
assert len(bars) == 4 + 1 + 1 + 3, len(bars)
