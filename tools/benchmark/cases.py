# SPDX-License-Identifier: Apache-2.0
"""Benchmark sets: what is compiled and measured, as data. docs/performance.md
describes the format."""
import fnmatch
import os

from benchmark.errors import input_error, usage_error
from benchmark.files import Field, check_fields, read_json

ISAS = ("avx2", "avx512", "avx512_bf16", "amx")

CASE_FIELDS = {
    "name": Field(str, required=True),
    # Heading under which tables and plots show the case.
    "group": Field(str, default=""),
    # NAME of models/configs/NAME.json, or a path from the set's folder.
    "config": Field(str, required=True),
    "task": Field(str, default="pretrain",
                  among=("pretrain", "classify", "squad", "encode")),
    "mode": Field(str, default="train", among=("train", "infer")),
    "batch_size": Field(int, required=True, least=1),
    "max_seq_length": Field(int, required=True, least=1),
    "max_predictions_per_seq": Field(int, least=1),
    "precision": Field(str, default="f32", among=("f32", "bf16")),
    # K, 0 for one sequence a row; and what sequences each row holds.
    "packed": Field(int, default=0, least=0),
    "lengths": Field(list),
    # The least the CPU must have, and the most that kernels may use.
    "cpu_isa": Field(str, default="native", among=("native",) + ISAS),
    "entry": Field(str),
    "steps": Field(int, default=5, least=1),
    "warmup": Field(int, default=2, least=1),
    "ceiling": Field(bool, default=True),
}

PEER_FIELDS = {
    "name": Field(str, required=True),
    "case": Field(str, required=True),
    "tokens_per_second": Field(float, required=True, least=0),
    "first_step_seconds": Field(float, least=0),
    "peak_rss_bytes": Field(int, least=0),
    "note": Field(str, default=""),
}


def load_set(path, configs):
    """The cases of a set file, configs resolved against folder `configs` or
    the set's own."""
    document = read_json(path, "bertc.benchmark_set", 1)
    unknown = set(document) - {"schema", "schema_version", "cases"}
    if unknown:
        raise input_error(f"{path}: unknown key {sorted(unknown)[0]!r}; known "
                          "are schema, schema_version, cases")
    if not isinstance(document.get("cases"), list) or not document["cases"]:
        raise input_error(f"{path}: cases is not a list with cases")
    cases, names = [], set()
    for number, value in enumerate(document["cases"]):
        name = value.get("name") if isinstance(value, dict) else None
        where = f"{path}: case {name or number}"
        case = check_fields(value, CASE_FIELDS, where)
        if case["name"] in names:
            raise input_error(f"{where}: the name appears twice")
        if "/" in case["name"] or not case["name"].isprintable():
            raise input_error(f"{where}: a name has no slashes or controls")
        names.add(case["name"])
        case["config_file"] = _config_file(case["config"], path, configs, where)
        cases.append(case)
    return cases


def _config_file(config, set_path, configs, where):
    if config.endswith(".json"):
        file = os.path.join(os.path.dirname(set_path), config)
    else:
        file = os.path.join(configs, config + ".json")
    if not os.path.exists(file):
        raise input_error(f"{where}: config {config!r}: no file {file}")
    return file


def select(cases, globs):
    """The cases whose name fits one of the patterns; all without patterns."""
    for glob in globs:
        if not any(fnmatch.fnmatchcase(case["name"], glob) for case in cases):
            raise usage_error(f"--case {glob} fits none of " +
                              ", ".join(case["name"] for case in cases))
    return [case for case in cases
            if not globs or any(fnmatch.fnmatchcase(case["name"], glob)
                                for glob in globs)]


def load_peers(path, cases):
    """Rows of figures that somebody else's programs made of these cases."""
    document = read_json(path, "bertc.benchmark_peers", 1)
    unknown = set(document) - {"schema", "schema_version", "rows"}
    if unknown:
        raise input_error(f"{path}: unknown key {sorted(unknown)[0]!r}; known "
                          "are schema, schema_version, rows")
    if not isinstance(document.get("rows"), list):
        raise input_error(f"{path}: rows is not a list")
    rows = [check_fields(row, PEER_FIELDS, f"{path}: row {number}")
            for number, row in enumerate(document["rows"])]
    names = {case["name"] for case in cases}
    for row in rows:
        if row["case"] not in names:
            raise input_error(f"{path}: {row['name']}: there is no case "
                              f"{row['case']!r} in the set")
    return rows
