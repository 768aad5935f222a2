"""Every error that driftline raises, in one tree, by the stage of the run.

DriftlineError
├── SettingsError                settings are unreadable or wrong
├── LoadError                    load: a source or a device could not be read whole
│   └── TargetError              a live system did not answer as it must
│       ├── Unreachable          no connection, or it was lost
│       ├── AuthenticationFailed credentials refused
│       ├── UnusableAnswer       an empty, unknown or malformed answer
│       └── WrongTarget          the system is not the one that was planned for
├── DiffException                diff
│   └── DiffClassMismatch
├── SyncValidationError          a validator said no to a synchronisation
├── CheckpointError              a synchronisation can't go on from this file
├── PlanError                    plan: it can't be made, read or used
│   └── StalePlan                the target changed since the plan was made
├── GuardBreach                  a limit forbids the run; nothing was written
├── ObjectCrudException          apply: a hook refused its object
│   ├── ObjectNotCreated
│   ├── ObjectNotUpdated
│   ├── ObjectNotDeleted
│   └── ObjectRefused            it raised nothing, but returned none or a failed one
├── TransactionError             apply: a unit could not be changed as one
│   ├── PrepareError
│   ├── CommitError
│   ├── VerifyError
│   ├── ConfirmError
│   └── RollbackError            the unit may be left changed
└── ObjectStoreException         the store
    ├── ObjectAlreadyExists
    ├── ObjectNotFound
    └── ObjectStoreWrongType
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, told to a person: where, what, and what to try."""

    where: str
    """The object or the place, for example `devices/ams-leaf1.yml:12` or `ams-leaf1`."""
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return the problem on one line."""
        place = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.code} {place}{self.message}{hint}"


class DriftlineError(Exception):
    """Base of all errors: what was being done to which object, a stable code, and what to try."""

    default_code: ClassVar[str] = "ERROR"
    default_hint: ClassVar[str] = ""
    """What to try, where whoever raises it does not know better."""

    # Also here, for subclasses elsewhere whose constructors do not call this one.
    message: str = ""
    code: str = "ERROR"
    hint: str = ""
    operation: str = ""
    """What was being done to the object: `create`, `update`, `delete`, `load`."""
    model: str = ""
    identity: Mapping[str, Any] | None = None
    rollback_error: DriftlineError | None = None
    """Why taking back what was done before this error did not succeed either."""

    def __init__(self, message: str = "", *args: Any, code: str = "", hint: str = "") -> None:
        super().__init__(message, *args)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint or self.default_hint

    def about(self, operation: str, model: str, identity: Mapping[str, Any]) -> None:
        """Note what was being done to which object, unless whoever raised the error knew better."""
        if not self.model:
            self.operation, self.model, self.identity = operation, model, dict(identity)


class ProblemsError(DriftlineError):
    """Base of errors that can have several causes at once, each with its own place, code and hint."""

    def __init__(
        self,
        message: str = "",
        *args: Any,
        problems: Iterable[Problem] = (),
        code: str = "",
        hint: str = "",
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        first = self.problems[0] if self.problems else None
        super().__init__(
            message,
            *args,
            code=code or (first.code if first else ""),
            hint=hint or (first.hint if first else ""),
        )

    def __str__(self) -> str:
        """Return the message with the first problem, and how many more there are."""
        if not self.problems:
            return self.message
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        return f"{self.message}: {self.problems[0]}{more}"


class SettingsError(ProblemsError):
    """The settings can't be used."""

    default_code = "SETTINGS"
    default_hint = "correct the settings that it names"


class LoadError(ProblemsError):
    """A dataset could not be read whole; nothing of it may be taken for the truth."""

    default_code = "LOAD"
    default_hint = "nothing was changed; correct what it names and load again"


class TargetError(LoadError):
    """A live system did not answer as it must."""

    default_code = "TARGET"
    default_hint = "look at the system that it names, then try again"


class Unreachable(TargetError):
    """There is no connection to the system, or it was lost."""

    default_code = "TARGET-UNREACHABLE"
    default_hint = "check the address, the route and that the service listens"


class AuthenticationFailed(TargetError):
    """The system refused the credentials."""

    default_code = "TARGET-AUTH"
    default_hint = "check the user name, the password or key, and what the account may do"


class UnusableAnswer(TargetError):
    """The system answered, but with something empty, unknown or malformed."""

    default_code = "TARGET-ANSWER"
    default_hint = "check that the system is what the inventory says it is"


class WrongTarget(TargetError):
    """The system that answered is not the one that was meant."""

    default_code = "TARGET-WRONG"
    default_hint = "check the address and the name in the inventory"


class DiffException(DriftlineError):
    """A diff can't be calculated."""

    default_code = "DIFF"
    default_hint = "compare again; a diff that was saved must be read as it was written"


class DiffClassMismatch(DiffException):
    """A given diff is not of the class that was asked for."""

    default_code = "DIFF-CLASS"
    default_hint = "pass the diff's own class as `diff_class`"


class SyncValidationError(DriftlineError):
    """A validator said no to a synchronisation: before it, so that nothing was written, or afterwards."""

    default_code = "SYNC-VALIDATION"
    default_hint = "look at the diff that the validator refused"

    def __init__(
        self, message: str = "", *args: Any, result: Any = None, code: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, *args, code=code, hint=hint)
        self.result = result
        """What became of every object, when the changes were made before the validator was asked."""


ValidationError = SyncValidationError


class CheckpointError(DriftlineError):
    """A synchronisation can't go on from this file."""

    default_code = "CHECKPOINT"
    default_hint = "name another file, or remove it to begin anew"


class PlanError(ProblemsError):
    """A plan can't be made, read or used."""

    default_code = "PLAN"
    default_hint = "make a new plan"


class StalePlan(PlanError):
    """A value that the plan was computed from has changed on the target."""

    default_code = "PLAN-STALE"
    default_hint = "make a new plan from what is there now"


class GuardBreach(ProblemsError):
    """A limit that the user set forbids the run; nothing was written."""

    default_code = "GUARD"
    default_hint = "look whether so much is meant to change; then raise the limit"


class ObjectCrudException(DriftlineError):
    """A hook could not create, update or delete its object."""

    default_code = "OBJECT"
    default_hint = "the object is as it was; see what its hook says"


class ObjectNotCreated(ObjectCrudException):
    """An object could not be created."""

    default_code = "OBJECT-NOT-CREATED"


class ObjectNotUpdated(ObjectCrudException):
    """An object could not be updated."""

    default_code = "OBJECT-NOT-UPDATED"


class ObjectNotDeleted(ObjectCrudException):
    """An object could not be deleted."""

    default_code = "OBJECT-NOT-DELETED"


class ObjectRefused(ObjectCrudException):
    """A hook returned no object, or one with a failed status: that object's affair, no reason to stop a sync."""

    default_code = "OBJECT-REFUSED"


class TransactionError(DriftlineError):
    """A unit could not be changed as one.

    `culprits` maps (model, unique id) to what is wrong with that object, where that is known.
    """

    default_code = "TRANSACTION"
    default_hint = "nothing of the unit was kept; see the cause"

    def __init__(
        self,
        message: str = "",
        *args: Any,
        culprits: Mapping[tuple[str, str], str] | None = None,
        code: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, *args, code=code, hint=hint)
        self.culprits: dict[tuple[str, str], str] = dict(culprits or {})


class PrepareError(TransactionError):
    """The change could not be staged; nothing was written."""

    default_code = "PREPARE"


class CommitError(TransactionError):
    """The target refused the change or its answer was lost."""

    default_code = "COMMIT"


class VerifyError(TransactionError):
    """The target was read back and is not as planned."""

    default_code = "VERIFY"


class ConfirmError(TransactionError):
    """The change could not be made permanent."""

    default_code = "CONFIRM"


class RollbackError(TransactionError):
    """The target could not be brought back, or it is not known whether it was."""

    default_code = "ROLLBACK"
    default_hint = "look at the system itself before anything else is changed"


class ObjectStoreException(DriftlineError):
    """A store can't do what was asked."""

    default_code = "STORE"
    default_hint = "see what the store says"


class ObjectAlreadyExists(ObjectStoreException):
    """Another object with this identity is in the store already."""

    default_code = "STORE-EXISTS"
    default_hint = "use `update`, or `get_or_add_model_instance`"

    def __init__(self, message: str = "", existing_object: Any = None, *args: Any) -> None:
        super().__init__(message, existing_object, *args)
        self.existing_object = existing_object


class ObjectNotFound(ObjectStoreException):
    """No object with this identity is in the store."""

    default_code = "STORE-NOT-FOUND"
    default_hint = "add it first, or ask with `get_or_none`"


class ObjectStoreWrongType(ObjectStoreException):
    """The object is not of the type that the store was asked for."""

    default_code = "STORE-TYPE"
    default_hint = "declare the model as a child of that one, or as an attribute of the adapter"
