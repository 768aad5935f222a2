"""Rules: what must hold in a network whatever the intent says, written in YAML, in three kinds and no more."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .matching import Conditions, ModelName, expect_attributes


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"it is no regular expression: {error}") from error
    return text


def _far_end(text: str) -> str:
    missing = {"device", "name"} - re.compile(text).groupindex.keys()
    if missing:
        raise ValueError(f"it needs a group (?P<{min(missing)}>...) that names the other end")
    return text


Regex = Annotated[str, AfterValidator(_pattern)]
FarEnd = Annotated[Regex, AfterValidator(_far_end)]
Link = tuple[str, str, str, str]
"""Device and interface of one end, device and interface of the other."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    devices: str | None = None
    """Of which devices, by name or site, as `--limit` takes them; default: all."""


class Never(_Part):
    """Objects that are so and so are never such and such."""

    model: ModelName
    where: Conditions = {}
    """Which objects; default: all of the model."""
    then: Conditions = Field(min_length=1)
    """What they must not be, all of it at once."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        expect_attributes(self.model, (*self.where, *self.then))
        return self


class Equal(_Part):
    """Both ends of a link have the same values."""

    attributes: tuple[str, ...] = Field(min_length=1)
    links: tuple[Link, ...] = ()
    description: FarEnd | None = None
    """Finds the other end in an interface's description, for example `to (?P<device>\\S+) (?P<name>\\S+)`."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        expect_attributes("interface", self.attributes)
        if bool(self.links) == (self.description is not None):
            raise ValueError("it needs either links or a description by which they are found")
        return self


class Pattern(_Part):
    """A value looks so and so."""

    model: ModelName
    attribute: str
    match: Regex
    """A regular expression for the whole of the value."""
    where: Conditions = {}
    required: bool = False
    """Whether there must be a value at all."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        expect_attributes(self.model, (*self.where, self.attribute))
        return self


class Rule(BaseModel):
    """One rule, of one kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    never: Never | None = None
    equal: Equal | None = None
    pattern: Pattern | None = None
    why: str = Field(min_length=1)
    """Told to whom it stops."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(each is not None for each in (self.never, self.equal, self.pattern)) != 1:
            raise ValueError("a rule is one of never, equal and pattern")
        return self
