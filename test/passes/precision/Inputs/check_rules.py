# SPDX-License-Identifier: Apache-2.0
#
# The rules of bf16 a second time, without the compiler: reads the IR before and
# after the pass as text, decides for every operation what CONFIG says of it,
# and compares rule and result types.
#   check_rules.py CONFIG BEFORE AFTER [--count ENTRY=BF16/OPERATIONS ...]
import json
import re
import sys

OPERATION = re.compile(
    r"^\s+(?:(%\w+(?::\d+)?(?:, %\w+)*) = )?(bert\.\w+|return) ?(.*)$")
VALUE = re.compile(r"%\w+(?:#\d+)?")
TF_TYPES = {
    "add": "AddV2", "add_n": "AddN", "argmax": "ArgMax",
    "batch_matmul": "BatchMatMulV2", "bias_add": "BiasAdd",
    "bias_add_grad": "BiasAddGrad", "broadcast_to": "BroadcastTo",
    "cast": "Cast", "concat": "ConcatV2", "div": "RealDiv",
    "dropout": "HabanaDropout", "dropout_grad": "HabanaDropoutGrad",
    "exp": "Exp", "gather": "GatherV2", "gather_grad": "UnsortedSegmentSum",
    "gelu": "HabanaGelu", "gelu_grad": "HabanaGeluGrad",
    "identity": "Identity", "l2_loss": "L2Loss",
    "lamb_update": "ResourceApplyLamb", "layer_norm": "HabanaLayerNorm",
    "layer_norm_grad": "HabanaLayerNormGrad", "log": "Log",
    "log_softmax": "LogSoftmax", "log_softmax_grad": "HabanaLogSoftmaxGrad",
    "matmul": "MatMul", "maximum": "Maximum", "minimum": "Minimum",
    "mul": "Mul", "neg": "Neg", "nll": "GatherNd", "nll_grad": "ScatterNd",
    "reduce_max": "Max", "reduce_mean": "Mean", "reduce_sum": "Sum",
    "reshape": "Reshape", "select": "SelectV2", "slice_grad":
    "StridedSliceGrad", "softmax": "Softmax", "softmax_grad":
    "HabanaSoftmaxGrad", "sqrt": "Sqrt", "sub": "Sub", "tanh": "Tanh",
    "tanh_grad": "TanhGrad", "transpose": "Transpose",
    "adamw_update": "ResourceApplyAdamWithWeightDecay", "compare": "Compare"}
# Results that are statistics or parameters' gradients: f32 in any case. The
# number says from which result on.
WIDE_RESULTS = {"layer_norm": 1, "layer_norm_grad": 1, "gather_grad": 0}
WIDE_OPERANDS = {"layer_norm_grad": {3, 4}}
FREE = {"bias_add_grad", "reduce_sum", "reduce_mean", "l2_loss", "add_n",
        "matmul", "batch_matmul"}  # f32 or bf16 by their users
NEVER = {"lamb_update", "adamw_update"}
MOVES = {"slice", "slice_grad", "gather", "reshape", "transpose", "concat",
         "broadcast_to", "identity"}


class Operation:
    def __init__(self, name, results, operands, types, scope):
        self.name, self.results, self.operands = name, results, operands
        self.types, self.scope = types, scope  # types of the results
        self.bf16 = False


def parse(path):
    """{entry: (operations in order, {scope: rule})}"""
    entries, current = {}, None
    for line in open(path):
        function = re.search(r"func\.func (?:private )?@(\w+)", line)
        if function:
            rules = {}
            found = re.search(r"bert\.precision = \{(.*?)\}", line)
            for quoted, plain, rule in re.findall(
                    r'(?:"([^"]+)"|([\w]+)) = "((?:[^"\\]|\\.)*)"',
                    found.group(1) if found else ""):
                rules[quoted or plain] = rule
            current = entries[function.group(1)] = ([], rules)
            continue
        match = OPERATION.match(line)
        if not match or current is None:
            continue
        names, name, rest = match.groups()
        name = name.replace("bert.", "")
        scope = re.search(r'scope = "([^"]*)"', rest)
        operands = VALUE.findall(re.split(r"[{:]", rest)[0])
        results = (names or "").split(", ") if names else []
        if names and ":" in names:
            first, count = names.split(":")
            results = [f"{first}#{i}" for i in range(int(count))]
        outs = rest.rsplit("->", 1)[-1] if "->" in rest else rest
        types = re.findall(r"tensor<(?:[\dx]*x)?(\w+)>", outs)
        current[0].append(Operation(name, results, operands, types,
                                    scope.group(1) if scope else ""))
    return entries


def tf_type(op):
    if op.name == "slice":
        last = op.scope.rsplit("/", 1)[-1]
        return "Slice" if re.fullmatch(r"Slice(_\d+)?", last) else \
            "StridedSlice"
    return TF_TYPES[op.name]


def is_float(kind):
    return kind in ("f32", "bf16")


class Rules:
    def __init__(self, path):
        config = json.load(open(path))
        self.lists = {}
        for key in ("allowlist", "allow_list", "conditional_list",
                    "strict_conditional_list"):
            for op_type in config.get(key, []):
                self.lists[op_type] = key
        self.keep = config.get("non_convertible_exceptions", [])
        self.force = config.get("convertible_exceptions", [])

    @staticmethod
    def matches(exceptions, op):
        return any(re.search(pattern, op.scope) and kind in ("", tf_type(op))
                   for pattern, kind in exceptions)

    def decide(self, ops):
        makers, kinds, users = {}, {}, {}
        for op in ops:
            for number, result in enumerate(op.results):
                makers[result] = (op, number)
                kinds[result] = op.types[number]
            for number, value in enumerate(op.operands):
                users.setdefault(value, []).append((op, number))

        def floats(op):
            # Arguments have no maker; those of these models that are floats
            # are found through the operation's results.
            return any(is_float(k) for k in op.types) or any(
                is_float(kinds.get(v, "")) for v in op.operands)

        judged = [op for op in ops if op.name in TF_TYPES or op.name == "slice"]
        judged = [op for op in judged if floats(op)]
        conditional = []
        for op in judged:
            op.rule = self.lists.get(tf_type(op), "")
            assigned = any(user.name == "assign" for value in op.results
                           for user, _ in users.get(value, []))
            if self.matches(self.keep, op) or assigned or op.name in NEVER:
                continue
            if self.matches(self.force, op):
                op.bf16 = True
            elif op.rule.startswith("allow"):
                op.bf16 = True
            elif op.rule:
                conditional.append(op)

        def neighbours(op):
            for value in op.operands:
                if not is_float(kinds.get(value, "f32")):
                    continue
                maker, number = makers.get(value, (None, 0))
                if maker is None:
                    if value in kinds or is_float(op.types[0]):
                        yield False
                elif maker.name != "constant":
                    yield maker.bf16 and number < WIDE_RESULTS.get(
                        maker.name, 99)
            for value in op.results:
                for user, number in users.get(value, []):
                    yield user.bf16 and number not in WIDE_OPERANDS.get(
                        user.name, ())

        changed = True
        while changed:
            changed = False
            for op in conditional:
                if op.bf16:
                    continue
                around = list(neighbours(op))
                strict = op.rule.startswith("strict")
                if any(around) and (all(around) or not strict):
                    op.bf16 = changed = True
        return judged


def compare(entry, judged, after):
    ops, rules = after
    problems = []
    # Casts are new, constants may be; the rest is there in the same order.
    now = {op.scope: op for op in ops if op.scope}
    for op in judged:
        # Truth values become bf16 in one step.
        if op.name == "cast" and f"{op.scope}/Cast" in now:
            continue
        if not op.scope or op.scope not in now:
            problems.append(f"{op.scope}: is not there any more")
            continue
        wanted = "bf16" if op.bf16 else "f32"
        if not rules.get(op.scope, "").startswith(wanted + ":"):
            problems.append(f"{op.scope} ({tf_type(op)}): expected {wanted}, "
                            f"found '{rules.get(op.scope)}'")
        for number, kind in enumerate(now[op.scope].types):
            if not is_float(kind) or op.name in FREE:
                continue
            wide = number >= WIDE_RESULTS.get(op.name, 99)
            moved = "moved" in rules.get(op.scope, "") and op.name in MOVES
            if moved:
                continue
            if kind != ("bf16" if op.bf16 and not wide else "f32"):
                problems.append(f"{op.scope}: result {number} is {kind}")
    return [f"@{entry} {problem}" for problem in problems]


def main():
    config, before, after = sys.argv[1:4]
    counts = dict(item.split("=") for item in sys.argv[4:])
    before, after = parse(before), parse(after)
    problems = []
    for entry, (ops, _) in before.items():
        judged = Rules(config).decide(ops)
        problems += compare(entry, judged, after[entry])
        count = f"{sum(op.bf16 for op in judged)}/{len(judged)}"
        print(f"{entry}: {count} operations in bf16")
        if counts.get(entry, count) != count:
            problems.append(f"@{entry}: expected {counts[entry]}")
    print("\n".join(problems) or "all as the rules say")
    return bool(problems)


sys.exit(main())
