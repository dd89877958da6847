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
#   --root DIR                             another tree than this script's
import argparse
import pathlib
import re
import sys
import textwrap

OPERATION = re.compile(r"^def (\w+Op) ?:(.*?)^}", re.S | re.M)
CONSTRAINT = re.compile(r"^\s*- \(C(\d+)\)", re.M)
BRANCH = re.compile(r"//\s*((?:\w+,\s+)*\w+) C(\d+)\b")
TEST = re.compile(r"(?:func\.func|module) @(\w+?)_c(\d+)\b")


def field(body, name):
    match = re.search(r"let %s = (?:\[\{(.*?)\}\]|\"(.*?)\");" % name, body,
                      re.S)
    return (match.group(1) or match.group(2)) if match else None


def operations(root, dialect):
    """Yields (mnemonic, summary, description) of each operation."""
    for path in sorted((root / "dialects" / dialect).glob("*Ops.td")):
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


def check(root, dialect):
    errors = []
    stated = set()
    for mnemonic, summary, description in operations(root, dialect):
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
    branches = found(root / "dialects" / dialect, "*.cpp", BRANCH)
    tests = found(root / "test/dialects" / dialect, "errors-*.mlir", TEST)
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


def statements(example):
    """The operations of an example, each on one line."""
    lines = []
    for line in textwrap.dedent(example).strip().splitlines():
        if not line.startswith(" "):
            lines.append(line)
        else:
            lines[-1] += " " + line.strip()
    return lines


def operand_types(statement, dialect):
    """Pairs (operand, type) of a statement, by its trailing type."""
    head = statement.split("{", 1)[0] if "{" in statement else statement
    head = re.split(r" : ", head, maxsplit=1)[0]
    uses = re.findall(r"%\w+", head.split(f"{dialect}.", 1)[1])
    if not uses:
        return []
    # A region, which follows the types, is no part of them.
    statement = re.sub(r" \{\s*(\^|%s\.).*\}$" % dialect, "", statement)
    signature = re.search(r" : ((?:\(.*\) -> .*)|(?:tensor<[^:]*))$", statement)
    signature = signature.group(1)
    types = ([signature] if not signature.startswith("(") else
             split_types(signature[1:signature.index(") -> ")]))
    return list(zip(uses, types))


def declarations(dialect, body, symbols):
    """Variables that the example uses and does not declare."""
    wanted = {}
    for line in body:
        match = re.search(r"\.(?:read|variable_ref|packed_ref|assign|store) "
                          r"(@(?:\w+|\"[^\"]*\")),?.* : (tensor<[^>]*>)", line)
        if match:
            wanted[match.group(1)] = (match.group(2), "packed_ref" in line)
    for name, (type_, is_packed) in wanted.items():
        if any(f"{name} " in symbol for symbol in symbols):
            continue
        attributes = {"bert": ""} | {
            target: (f" {{init = #{target}<init constant>, init_value = 0.0 : "
                     f"f32, role = #{target}<role weight>}}")
            for target in ("cpu", "synapse")}
        if is_packed:
            yield f"cpu.variable @packed : {type_}{attributes['cpu']}"
            yield (f"cpu.packed_weight {name} of @packed "
                   "{max_bytes = 4096 : i64, rows = 8 : i64}")
        else:
            yield f"{dialect}.variable {name} : {type_}{attributes[dialect]}"


def print_examples(root, dialect):
    """Each example in a module of its own: symbols first, then a function whose
    arguments are the operands that the example does not define."""
    for mnemonic, _, description in operations(root, dialect):
        example = re.search(r"```mlir\n(.*?)```", description, re.S)
        lines = statements(example.group(1))
        symbols = [l for l in lines if re.match(
            r"\w+\.(variable|packed_weight) @", l)]
        body = [l for l in lines if l not in symbols]
        defined, arguments = set(), {}
        for line in body:
            for use, type_ in operand_types(line, dialect):
                if use not in defined:
                    arguments.setdefault(use, type_)
            defined |= set(re.findall(r"%\w+", line.split("=", 1)[0])
                           if line.startswith("%") else [])
        print(f"module @example_{mnemonic} {{")
        print("\n".join(symbols + list(declarations(dialect, body, symbols))))
        if body:
            signature = ", ".join(f"{u}: {t}" for u, t in arguments.items())
            print(f"func.func @example({signature}) {{")
            print("  " + "\n  ".join(body) + "\n  return\n}")
        print("}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dialect")
    parser.add_argument("--examples", action="store_true")
    parser.add_argument(
        "--root", type=pathlib.Path,
        default=pathlib.Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    if options.examples:
        print_examples(options.root, options.dialect)
        return 0
    return check(options.root, options.dialect)


if __name__ == "__main__":
    sys.exit(main())
