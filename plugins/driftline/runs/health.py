"""Health checks: what is asked of devices between batches, and whether the answer is good.

Asking is somebody else's work: a check says what to ask, and judges the answer.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from driftline.engine.exceptions import Problem
from driftline.network import select

from .amounts import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftline.network import Device

_SHOWN: Final = 80


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


Regex = Annotated[str, AfterValidator(_regex)]


class _Check(BaseModel):
    """What all checks have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    devices: str = "*"
    """Names, sites or roles of the devices to ask, as `--limit` takes them."""
    wait: Duration = timedelta(0)
    """How long to wait after the batch before asking."""
    retries: int = Field(default=0, ge=0)
    """How often to ask again while the answer is not good."""
    interval: Duration = timedelta(seconds=10)
    """How long to wait before asking again."""


class CommandCheck(_Check):
    """A command whose output must match, or must not."""

    command: str
    expect: Regex | None = None
    """Must be found in the output, line by line (`^` and `$` are those of lines)."""
    reject: Regex | None = None
    """Must not be found in it."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.expect is None and self.reject is None:
            raise ValueError("it needs expect or reject, a regular expression for the output")
        return self

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return self.command


class GetterCheck(_Check):
    """A condition on what a NAPALM getter returns."""

    getter: str = Field(pattern=r"^get_\w+$")
    path: str | tuple[str, ...] = ()
    """Leads to the values, key by key: `global.peers.*.is_up`; as a list where keys have dots. `*` is any key."""
    op: Literal["==", "!=", "<", "<=", ">", ">=", "matches"] = "=="
    value: Any
    at_least: int | None = Field(default=None, ge=1)
    """So many of the values must fulfil it; default: all of them, and there must be one."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.op == "matches":
            _regex(str(self.value))
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The path, key by key."""
        if isinstance(self.path, str):
            return tuple(self.path.split(".")) if self.path else ()
        return self.path

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return " ".join(
            [self.getter, *([".".join(self.keys)] if self.keys else []), self.op, repr(self.value)]
        )


class HookCheck(_Check):
    """A Python function, by entry point or as `package.module:function`."""

    hook: str = Field(pattern=r"^[\w.-]+(:[\w.]+)?$")

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return self.hook


def _kind(value: Any) -> str | None:
    if isinstance(value, _Check):
        return {CommandCheck: "command", GetterCheck: "getter"}.get(type(value), "hook")
    kinds = [kind for kind in ("command", "getter", "hook") if isinstance(value, Mapping) and kind in value]
    return kinds[0] if len(kinds) == 1 else None


HealthCheck = Annotated[
    Annotated[CommandCheck, Tag("command")]
    | Annotated[GetterCheck, Tag("getter")]
    | Annotated[HookCheck, Tag("hook")],
    Discriminator(
        _kind,
        custom_error_type="HEALTH-CHECK",
        custom_error_message="a health check has either command, getter or hook",
    ),
]
"""One question to each device of a batch."""


def asked(checks: Iterable[HealthCheck], devices: Iterable[Device]) -> list[tuple[HealthCheck, list[str]]]:
    """Return which devices each check asks, in order; checks that ask none are left out."""
    pool = list(devices)
    chosen = [(check, sorted(select(pool, check.devices))) for check in checks]
    return [(check, names) for check, names in chosen if names]


def evaluate(check: HealthCheck, answer: Any, device: str = "") -> Problem | None:
    """Return what is wrong with an answer, or None.

    Args:
        answer: the command's output as text; what the getter returned; or what the function returned: nothing or
            True when all is well, else False or a text that says what is wrong.
    """
    if isinstance(check, CommandCheck):
        wrong = _judge_output(check, answer)
    elif isinstance(check, GetterCheck):
        wrong = _judge_values(check, answer)
    else:
        wrong = "" if answer is None or answer is True else f"it says {_shown(answer)}"
    if not wrong:
        return None
    return Problem(device, "HEALTH", f"{check.title}: {wrong}", "look at the device before going on")


def _judge_output(check: CommandCheck, answer: Any) -> str:
    if not isinstance(answer, str):
        return f"its output is no text, but {type(answer).__name__}"
    if check.expect is not None and not re.search(check.expect, answer, re.MULTILINE):
        return f"nothing in its output matches {check.expect!r}"
    found = re.search(check.reject, answer, re.MULTILINE) if check.reject is not None else None
    return f"its output has {_shown(found[0])}" if found else ""


def _judge_values(check: GetterCheck, answer: Any) -> str:
    values = list(_values(answer, check.keys))
    good = sum(_holds(check, value) for __, value in values)
    if check.at_least is not None:
        return (
            "" if good >= check.at_least else f"true of {good} of {len(values)}, needed are {check.at_least}"
        )
    if not values:
        return "there is nothing of that name"
    bad = [f"{path or 'it'} is {_shown(value)}" for path, value in values if not _holds(check, value)]
    return "; ".join(bad[:3]) + (f"; and {len(bad) - 3} more" if len(bad) > 3 else "")  # noqa: PLR2004


def _values(answer: Any, keys: tuple[str, ...], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values that a path leads to, each with where it was found."""
    if not keys:
        yield path, answer
        return
    for key, below in _items(answer):
        if keys[0] in ("*", str(key)):
            yield from _values(below, keys[1:], f"{path}.{key}" if path else str(key))


def _items(answer: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(answer, Mapping):
        return answer.items()
    return enumerate(answer) if isinstance(answer, list | tuple) else ()


_OPS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "matches": lambda value, pattern: re.search(str(pattern), str(value)),
}


def _holds(check: GetterCheck, value: Any) -> bool:
    try:
        return bool(_OPS[check.op](value, check.value))
    except TypeError:
        return False  # a text is neither more nor less than a number


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
