"""The engine's enumerations; names and values are those of diffsync 2.x."""

from __future__ import annotations

import enum


class DiffSyncModelFlags(enum.IntFlag):
    """How one object takes part in diffs and syncs."""

    NONE = 0
    IGNORE = 0b1
    """Neither compared nor synchronised, and nothing below it is."""
    SKIP_CHILDREN_ON_DELETE = 0b10
    """Deleting this object deletes its children with it; their own hooks are not called."""
    SKIP_UNMATCHED_SRC = 0b100
    """Not created when only the source has it."""
    SKIP_UNMATCHED_DST = 0b1000
    """Not deleted when only the destination has it."""
    SKIP_UNMATCHED_BOTH = SKIP_UNMATCHED_SRC | SKIP_UNMATCHED_DST
    NATURAL_DELETION_ORDER = 0b10000
    """Its children are deleted before it is."""
    NO_UPDATE = 0b100000
    """An update of this object shows in the diff, and is not made."""
    NO_DELETE = 0b1000000
    """A deletion of this object shows in the diff, and is not made; nor is any of what is below it."""


class DiffSyncFlags(enum.Flag):
    """How a whole diff or sync behaves."""

    NONE = 0
    CONTINUE_ON_FAILURE = 0b1
    SKIP_UNMATCHED_SRC = 0b10
    SKIP_UNMATCHED_DST = 0b100
    SKIP_UNMATCHED_BOTH = SKIP_UNMATCHED_SRC | SKIP_UNMATCHED_DST
    LOG_UNCHANGED_RECORDS = 0b1000
    NO_UPDATE = 0b10000
    """Updates show in the diff, and are not made."""
    NO_DELETE = 0b100000
    """Deletions show in the diff, and are not made."""


class DiffSyncStatus(enum.Enum):
    """What became of the last create, update or delete of an object."""

    UNKNOWN = "unknown"
    SUCCESS = "success"
    FAILURE = "failure"
    """Refused or undone; the object is as it was before."""
    ERROR = "error"
    """The cause of a failure, or an object whose state is not known to be right."""


class DiffSyncActions:
    """What a diff element asks for."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SKIP = "skip"
    NO_CHANGE = None
