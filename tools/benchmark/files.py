# SPDX-License-Identifier: Apache-2.0
"""JSON in, with errors that name file and key; files out, written aside and
renamed, so that an interrupted run leaves the previous ones whole."""
import contextlib
import json
import os
import tempfile

from benchmark.errors import input_error


def _no_repeats(pairs):
    keys = [key for key, _ in pairs]
    repeated = {key for key in keys if keys.count(key) > 1}
    if repeated:
        raise ValueError(f"key {sorted(repeated)[0]!r} appears twice")
    return dict(pairs)


def read_json(path, schema, version):
    """The object in `path`, which must name `schema` and `version`."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file, object_pairs_hook=_no_repeats)
    except OSError as error:
        raise input_error(f"{path}: {error.strerror}") from error
    except ValueError as error:  # JSON, UTF-8
        raise input_error(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise input_error(f"{path}: expected an object")
    if document.get("schema") != schema:
        raise input_error(f"{path}: schema is {document.get('schema')!r}, "
                          f"expected {schema!r}")
    if document.get("schema_version") != version:
        raise input_error(
            f"{path}: schema_version is {document.get('schema_version')!r}, "
            f"expected {version}")
    return document


class Field:
    """What a key of an object may hold."""

    def __init__(self, kind, default=None, required=False, least=None,
                 among=None):
        self.kind, self.default, self.required = kind, default, required
        self.least, self.among = least, among

    def problem(self, value):
        """Why `value` will not do, or None."""
        names = {str: "a string", int: "a whole number", bool: "true or false",
                 float: "a number", list: "a list of whole numbers"}
        kinds = (int, float) if self.kind is float else (self.kind,)
        fits = isinstance(value, kinds) and (
            self.kind is bool or not isinstance(value, bool))
        if self.kind is list:
            fits = fits and all(
                isinstance(item, int) and not isinstance(item, bool)
                for item in value)
        if not fits:
            return f"expected {names[self.kind]}"
        if self.least is not None and value < self.least:
            return f"expected at least {self.least}"
        if self.among and value not in self.among:
            return "expected " + ", ".join(self.among[:-1]) + \
                f" or {self.among[-1]}"
        return None


def check_fields(value, fields, where):
    """`value` with defaults filled in; unknown keys and bad values are
    errors that begin with `where`."""
    if not isinstance(value, dict):
        raise input_error(f"{where}: expected an object")
    for key in value:
        if key not in fields:
            raise input_error(f"{where}: unknown key {key!r}; known are " +
                              ", ".join(sorted(fields)))
    result = {}
    for key, field in fields.items():
        if key not in value:
            if field.required:
                raise input_error(f"{where}: {key} is missing")
            result[key] = field.default
            continue
        problem = field.problem(value[key])
        if problem:
            raise input_error(
                f"{where}: {key} is {json.dumps(value[key])}, {problem}")
        result[key] = value[key]
    return result


def write_aside(path, text):
    """Replaces `path` by `text`, whole or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, name = tempfile.mkstemp(dir=folder, prefix=".bench-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def json_text(document):
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
