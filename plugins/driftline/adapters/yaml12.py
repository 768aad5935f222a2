"""The one YAML dialect for reading and writing: the 1.2 core schema, strict, with the line of every key.

libyaml does the parsing. What YAML 1.1 reads into plain words (`off`, `12:34:56`, `2024-01-01`) stays text
here, and what YAML lets pass in silence (a key given twice) is refused. What is written is read the same by
either version.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

LineNode: TypeAlias = "int | list[Any]"
"""The line of a scalar, or `[line, {key as text: LineNode}]` of a map or list; plain values can be cached."""

MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_DEPTH: Final = 64
_MAX_VALUES: Final = 500_000
_MAX_DIGITS: Final = 40

_WIDTH: Final = 110
_SHORT_MAP: Final = 3

_PLAIN: Final = "plain"
_TEXT: Final = "tag:yaml.org,2002:str"
_MAP: Final = "tag:yaml.org,2002:map"
_LIST: Final = "tag:yaml.org,2002:seq"

_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ODD_BREAKS: Final = re.compile(r"[\x85\u2028\u2029]")
_NUMERIC_START: Final = frozenset("0123456789+-.")
_WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}

_HINTS: Final = (
    ("\t", "indent with spaces; YAML does not allow tabs there"),
    ("mapping values are not allowed", "put text that contains ': ' in quotes, and check the indentation"),
    ("could not find expected ':'", "a key needs a colon and a space after it; quote text that spans lines"),
    ("did not find expected key", "check the indentation of this line and the one above it"),
    ("did not find expected '-' indicator", "check the indentation of this line and the one above it"),
    ("expected <block end>", "check the indentation of this line and the one above it"),
    ("cannot start any token", "put text that starts with @, ` or % in quotes"),
    ("undefined alias", "put text that starts with * in quotes"),
    ("unexpected end of stream", "a quote that was opened is not closed"),
    ("did not find expected ',' or", "a bracket or brace that was opened is not closed"),
    ("but found another document", "keep one document in a file: remove the second '---'"),
    ("expected a single document", "keep one document in a file: remove the second '---'"),
    ("special characters are not allowed", "remove the control character"),
    ("control characters are not allowed", "remove the control character"),
)


class YamlProblem(Exception):
    """One thing that is wrong in a YAML text, with its line (1 is the first)."""

    def __init__(self, code: str, line: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.message = message
        self.hint = hint


def parse(content: bytes) -> tuple[Any, LineNode, list[YamlProblem]]:
    """Return the value, the lines and the problems of a YAML text; with problems the value is not whole."""
    text = _decoded(content)
    node = _composed(text)
    if node is None:
        return None, 1, []
    builder = _Builder()
    value, lines = builder.build(node, 0)
    return value, lines, builder.problems


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise YamlProblem(
            "DOCUMENT-ENCODING", line, "the file is not UTF-8 text", "save it with the encoding UTF-8"
        ) from error


def _composed(text: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _Loader(text)
        return cast("yaml.Node | None", loader.get_single_node())
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise YamlProblem(
            "DOCUMENT-SYNTAX", line, str(error.reason), _hint_for(str(error.reason), "")
        ) from error
    except yaml.MarkedYAMLError as error:
        raise _syntax_problem(error, text) from error
    finally:
        if loader is not None:
            loader.dispose()


def _syntax_problem(error: yaml.MarkedYAMLError, text: str) -> YamlProblem:
    wrong = error.problem or "it can't be read"
    # An open quote is noticed only at the end of the file; the line to look at is where it was opened.
    late = error.context_mark if "end of stream" in wrong else None
    mark = late or error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    source = text.split("\n")
    here = source[line] if line < len(source) else ""
    context = f" {error.context}" if error.context else ""
    return YamlProblem(
        "DOCUMENT-SYNTAX", line + 1, f"this is not YAML: {wrong}{context}", _hint_for(wrong, here)
    )


def _hint_for(wrong: str, here: str) -> str:
    indent = here[: len(here) - len(here.lstrip())]
    told = wrong + ("\t" if "\t" in indent else "")
    return next((hint for sign, hint in _HINTS if sign in told), "check the quotes and the indentation here")


class _Depth:
    """Counts how deep the parser is: libyaml composes by recursion in C and would end the process."""

    _depth = 0

    def resolve(self, kind: type[yaml.Node], _value: str | None, implicit: Any) -> str:
        """Leave the meaning of plain text to the builder; PyYAML's own rules are those of YAML 1.1."""
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _TEXT
        return _MAP if kind is yaml.MappingNode else _LIST

    def descend_resolver(self, current_node: yaml.Node | None, _current_index: Any) -> None:
        """Refuse a text that is nested too deeply."""
        self._depth += 1
        if self._depth > 2 * _MAX_DEPTH:
            mark = current_node.start_mark if current_node else None
            raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=mark)

    def ascend_resolver(self) -> None:
        """Come back up one level."""
        self._depth -= 1


if TYPE_CHECKING:
    _Loader: Callable[[str], Any]
else:

    class _Loader(_Depth, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """libyaml where PyYAML was built with it; otherwise the same in Python, ten times slower."""


class _Builder:
    """Turns one document's nodes into plain values and their lines."""

    def __init__(self) -> None:
        self.problems: list[YamlProblem] = []
        self._values = 0

    def build(self, node: yaml.Node, depth: int) -> tuple[Any, LineNode]:
        """Return the value of a node and its lines."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node), node.start_mark.line + 1
        self._count(node, depth)
        if isinstance(node, yaml.MappingNode):
            return self._map(node, depth)
        return self._list(node, depth)

    def _map(self, node: yaml.MappingNode, depth: int) -> tuple[dict[Any, Any], LineNode]:
        self._check_tag(node, _MAP)
        values: dict[Any, Any] = {}
        lines: dict[str, LineNode] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self._key(key_node)
            value, below = self.build(value_node, depth + 1)
            if key in values:
                self._duplicate(key, line, lines[str(key)])
                continue
            values[key] = value
            lines[str(key)] = line if isinstance(below, int) else [line, below[1]]
        return values, [node.start_mark.line + 1, lines]

    def _list(self, node: yaml.Node, depth: int) -> tuple[list[Any], LineNode]:
        self._check_tag(node, _LIST)
        built = [self.build(item, depth + 1) for item in node.value]
        lines = {str(index): below for index, (__, below) in enumerate(built)}
        return [value for value, __ in built], [node.start_mark.line + 1, lines]

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == _PLAIN:
            try:
                return plain_value(node.value)
            except ValueError:
                self._note("DOCUMENT-NUMBER", node, "the number has too many digits", "put text in quotes")
                return 0
        self._check_tag(node, _TEXT)
        return node.value

    def _key(self, node: yaml.Node) -> str | int:
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if node.tag == _PLAIN and node.value == "<<":
            self._note(
                "DOCUMENT-MERGE-KEY",
                node,
                "the merge key << is not part of YAML 1.2",
                "use a profile, or write the keys out",
            )
        elif not isinstance(key, (str, int)) or isinstance(key, bool):
            written = repr(node.value) if isinstance(node, yaml.ScalarNode) else "a collection"
            self._note(
                "DOCUMENT-KEY-TYPE",
                node,
                f"a key must be text or a whole number, not {written}",
                "put it in quotes",
            )
            return f"line {node.start_mark.line} column {node.start_mark.column}"
        return key if isinstance(key, (str, int)) else ""

    def _duplicate(self, key: str | int, line: int, first: LineNode) -> None:
        first_line = first if isinstance(first, int) else first[0]
        message = f"the key {key!r} is given twice, on line {first_line} and on line {line}"
        self.problems.append(YamlProblem("DOCUMENT-DUPLICATE-KEY", line, message, "keep one of them"))

    def _check_tag(self, node: yaml.Node, expected: str) -> None:
        if node.tag != expected:
            tag = str(node.tag).replace("tag:yaml.org,2002:", "!!")
            self._note(
                "DOCUMENT-TAG", node, f"the tag {tag} is not understood here", "write the value without a tag"
            )

    def _count(self, node: yaml.Node, depth: int) -> None:
        """Refuse what aliases blow up: a few lines can stand for millions of values, or hold themselves."""
        self._values += len(node.value) + 1
        if depth > _MAX_DEPTH or self._values > _MAX_VALUES:
            line = node.start_mark.line + 1
            what = "is nested too deeply" if depth > _MAX_DEPTH else f"has more than {_MAX_VALUES} values"
            raise YamlProblem(
                "DOCUMENT-TOO-LARGE", line, f"the document {what}", "write it without aliases (*name)"
            )

    def _note(self, code: str, node: yaml.Node, message: str, hint: str) -> None:
        self.problems.append(YamlProblem(code, node.start_mark.line + 1, message, hint))


def plain_value(text: str) -> Any:
    """Return what unquoted text means in the YAML 1.2 core schema; ValueError for a number beyond all use."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if _INTEGER.fullmatch(text):
        return int(_short(text))
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(_short(text), 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def _short(text: str) -> str:
    if len(text) > _MAX_DIGITS:
        raise ValueError(text)
    return text


# Writing --------------------------------------------------------------------------------------------------


def dump(value: dict[Any, Any]) -> str:
    """Return a map of plain values as YAML: one key a line, and what is short on one line, as people write it."""
    return str(yaml.dump(_Top(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH))


class _Top(dict[Any, Any]):
    """The map that is a whole file."""


class _Dumper(yaml.SafeDumper):
    """PyYAML quotes what YAML 1.1 would convert; here also what YAML 1.2 would."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - people write values out
        """Return True: a value that is there twice is written twice."""
        return True


def _represent_map(dumper: _Dumper, value: dict[Any, Any]) -> yaml.Node:
    node = dumper.represent_mapping(_MAP, value, flow_style=False)
    short = len(value) <= _SHORT_MAP and not any(isinstance(item, dict) for item in value.values())
    node.flow_style = short and not isinstance(value, _Top)
    return node


def _represent_list(dumper: _Dumper, value: list[Any]) -> yaml.Node:
    return dumper.represent_sequence(
        _LIST, value, flow_style=not any(isinstance(item, dict) for item in value)
    )


def _represent_text(dumper: _Dumper, value: str) -> yaml.Node:
    return dumper.represent_scalar(_TEXT, value, style=_text_style(value))


def _text_style(value: str) -> str | None:
    """Return the quotes that keep a text what it is; None where PyYAML knows by itself."""
    if _ODD_BREAKS.search(value):
        return '"'
    try:
        return None if isinstance(plain_value(value), str) else "'"
    except ValueError:
        return "'"


_Dumper.add_representer(dict, _represent_map)
_Dumper.add_representer(_Top, _represent_map)
_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(str, _represent_text)
