#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Holds a dialect's description, verifier and error tests together. Every
# operation in dialects/NAME/*.td has a summary, a description and an example;
# its constraints are numbered (C1), (C2), ...; each has a branch in a .cpp
# file marked `// op C1` (or `// op, other C1`) and an error test @op_c1 in
# test/dialects/NAME/errors-*.mlir; and there is no branch and no test for a
# constraint that no description states.
#
#   check_constraints.py bert              check; lists what is missing
#   check_constraints.py bert --examples   print all examples as one module
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPERATION = re.compile(r"^def (\w+Op) ?:(.*?)^}", re.S | re.M)
CONSTRAINT = re.compile(r"^\s*- \(C(\d+)\)", re.M)
BRANCH = re.compile(r"//\s*((?:\w+,\s+)*\w+) C(\d+)\b")
TEST = re.compile(r"(?:func\.func|module) @(\w+?)_c(\d+)\b")


def field(body, name):
    match = re.search(r"let %s = (?:\[\{(.*?)\}\]|\"(.*?)\");" % name, body,
                      re.S)
    return (match.group(1) or match.group(2)) if match else None


def operations(dialect):
    """Yields (mnemonic, summary, description) of each operation."""
    for path in sorted((ROOT / "dialects" / dialect).glob("*Ops.td")):
        for _, body in OPERATION.findall(path.read_text()):
            mnemonic = re.search(r'"(\w+)"', body).group(1)
            yield mnemonic, field(body, "summary"), field(body, "description")


def found(dialect_dir, glob, pattern):
    pairs = set()
    for path in dialect_dir.glob(glob):
        for names, number in pattern.findall(path.read_text()):
            for name in re.split(r",\s+", names):
                pairs.add((name, int(number)))
    return pairs


def check(dialect):
    errors = []
    stated = set()
    for mnemonic, summary, description in operations(dialect):
        if not summary or not description:
            errors.append(f"{mnemonic}: no summary or no description")
            continue
        if "```mlir" not in description:
            errors.append(f"{mnemonic}: no example")
        numbers = [int(n) for n in CONSTRAINT.findall(description)]
        if numbers != list(range(1, len(numbers) + 1)):
            errors.append(f"{mnemonic}: constraints are numbered {numbers}")
        stated |= {(mnemonic, n) for n in numbers}
    if not stated:
        errors.append(f"no constraints found in dialects/{dialect}")
    branches = found(ROOT / "dialects" / dialect, "*.cpp", BRANCH)
    tests = found(ROOT / "test/dialects" / dialect, "errors-*.mlir", TEST)
    for what, there in (("verifier branch", branches), ("error test", tests)):
        for name, number in sorted(stated - there):
            errors.append(f"{name} C{number}: no {what}")
        for name, number in sorted(there - stated):
            errors.append(f"{name} C{number}: {what} for a constraint that no "
                          "description states")
    for error in errors:
        print(error)
    print(f"{dialect}: {len(stated)} constraints, {len(errors)} problems")
    return 1 if errors else 0


def split_types(text):
    """Splits at commas outside of <> and ()."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "<(") - (c in ">)")
        if c == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [p for p in parts + [text[start:].strip()] if p]


def print_examples(dialect):
    """Each example in a function whose arguments are its operands."""
    print("bert.variable @w : tensor<4xf32>")
    for mnemonic, _, description in operations(dialect):
        example = re.search(r"```mlir\n(.*?)```", description, re.S)
        line = " ".join(example.group(1).split())
        if line.startswith(f"{dialect}.variable"):
            print(line)
            continue
        code = line.split(" : ", 1)[0].split("{", 1)[0]
        uses = re.findall(r"%\w+", code.split(f"{dialect}.", 1)[1])
        signature = line.rsplit(" : ", 1)[1] if uses else ""
        if signature.startswith("("):
            types = split_types(signature[1:signature.index(") -> ")])
        else:
            types = [signature]
        arguments = ", ".join(f"{u}: {t}" for u, t in zip(uses, types))
        print(f"func.func @example_{mnemonic}({arguments}) {{")
        print(f"  {line}\n  return\n}}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dialect")
    parser.add_argument("--examples", action="store_true")
    options = parser.parse_args()
    if options.examples:
        print_examples(options.dialect)
        return 0
    return check(options.dialect)


if __name__ == "__main__":
    sys.exit(main())
