"""Settings, from `driftline.yml` and the environment.

They are passed down, never imported as a global. The environment wins over the file:
`DRIFTLINE_CREDENTIALS__PASSWORD` sets `credentials.password`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from driftline.adapters import documents
from driftline.adapters.inventory.sources import nornir_section
from driftline.adapters.source import Place
from driftline.adapters.sources import AnySource, IntentSource
from driftline.devices import Connection, Credentials
from driftline.engine.exceptions import LoadError, SettingsError
from driftline.engine.freshness import Freshness
from driftline.runs import Batches, Guards, Window, parse_sizes
from driftline.runs.conflicts import Conflicts
from driftline.runs.rules import Rule  # noqa: TC001 - pydantic reads it
from driftline.runs.signatures import Signing
from driftline.runs.validators import ValidatorSettings  # noqa: TC001

FILE = "driftline.yml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ActualSettings(_Part):
    """Where the actual state is."""

    adapter: Literal["devices"] = "devices"


class NornirSettings(_Part):
    """How Nornir finds the devices, in Nornir's own words."""

    plugin: str = "SimpleInventory"
    options: dict[str, Any] = {"host_file": "inventory/nornir/hosts.yaml"}


class CredentialSettings(Credentials):
    """How to log in; secrets may also be in files of their own."""

    password_file: Path | None = None
    enable_secret_file: Path | None = None

    def resolved(self, folder: Path) -> Credentials:
        """Return the credentials with the secrets read from their files."""
        return Credentials(
            username=self.username,
            password=self.password or _secret(self.password_file, folder),
            enable_secret=self.enable_secret or _secret(self.enable_secret_file, folder),
        )


class ApplySettings(_Part):
    """How a plan is applied."""

    revert_in: int = Field(default=120, ge=10, le=7200)
    """Seconds after which an unconfirmed change reverts by itself."""
    stop_on_failure: bool = False
    """Whether devices that have not begun are left alone after the first failure."""
    scope: Literal["unit", "site", "run"] = "unit"
    """What changes together or not at all: each device for itself, those of a site, or all of a run."""
    batches: Batches | None = None
    """How the run is cut into batches; each of them changes together or not at all, and the next one waits for it."""
    freshness: Freshness = Freshness()
    """What to do where somebody else has changed what a plan was computed from."""

    @property
    def stops_on_failure(self) -> bool:
        """Whether what has not begun is left alone after the first failure."""
        return self.stop_on_failure or self.batches is not None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.scope != "unit" and self.batches is not None:
            raise ValueError(
                f"a {self.scope} that is one whole (scope: {self.scope}) can't be cut into batches that are confirmed"
            )
        return self


class JournalSettings(_Part):
    """How what a run does is kept."""

    key: SecretStr | None = None
    """A passphrase; with it configurations of devices are kept encrypted."""
    key_file: Path | None = None
    keep_days: float = Field(default=90, gt=0)
    """How long the configurations of devices are kept; what was done is kept for ever."""
    lease_minutes: float = Field(default=15, gt=0)
    """How long a device belongs to a run that does not ask it anything."""


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="DRIFTLINE_", env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    intended: AnySource = IntentSource()
    """Where the intended state is."""
    sources: dict[str, AnySource] = {}
    """Other sources of truth, by the names that `driftline sync` is to know them by."""
    actual: ActualSettings = ActualSettings()
    nornir: NornirSettings = NornirSettings()
    connection: Connection = Connection()
    credentials: CredentialSettings = CredentialSettings()
    apply: ApplySettings = ApplySettings()
    guards: Guards = Guards()
    windows: tuple[Window, ...] = ()
    """When which devices may be changed; none: always."""
    journal: JournalSettings = JournalSettings()
    signing: Signing = Signing()
    rules: list[Rule] = []
    """What must hold on every device; see `docs/rules.md`."""
    validators: list[ValidatorSettings] = []
    """Validators in Python, by entry point or as `package.module:function`."""
    conflicts: Conflicts = Conflicts()
    state_dir: Path = Path("~/.local/state/driftline")
    """Where driftline keeps what it has to remember between runs; readable by its owner alone."""
    folder: Path = Path()
    """What relative paths are relative to: the folder of the settings file."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the base's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return env_settings, init_settings

    def path(self, path: Path) -> Path:
        """Return a path of the settings as one that can be opened."""
        return self.folder / path.expanduser()

    @property
    def place(self) -> Place:
        """Where sources are opened from."""
        return Place(self.folder, self.path(self.state_dir))

    @property
    def source_id(self) -> str:
        """Tells this network from others that share the state directory."""
        source = self.intended.identity(self.place)
        return hashlib.sha256(source.encode()).hexdigest()[:12]

    @property
    def journal_key(self) -> SecretStr | None:
        """The passphrase of the journal, read from its file where that is how it is given."""
        return self.journal.key or _secret(self.journal.key_file, self.folder)

    @property
    def lease(self) -> float:
        """The seconds that a device belongs to a run that does not ask it anything: never less than it may wait."""
        return max(
            self.journal.lease_minutes * 60, 2.0 * self.apply.revert_in, 3.0 * self.connection.longest_timeout
        )

    @property
    def device_connection(self) -> Connection:
        """How to reach the devices, with the authorities' file relative to the settings file."""
        ca_file = self.connection.ca_file
        if ca_file is None:
            return self.connection
        return self.connection.model_copy(update={"ca_file": self.path(ca_file)})

    @property
    def nornir_inventory(self) -> dict[str, Any]:
        """Nornir's inventory section, with its files relative to the settings file."""
        return nornir_section(self.nornir.plugin, self.nornir.options, self.place)


def read_settings(path: Path | None = None) -> Settings:
    """Read the settings file: the one given, else `$DRIFTLINE_CONFIG`, else `driftline.yml` here.

    Raises:
        SettingsError: it is missing or something in it is wrong; every problem is named with file and line.
    """
    given = path or Path(os.environ.get("DRIFTLINE_CONFIG", FILE))
    if not given.is_file():
        raise SettingsError(
            f"there is no settings file {given}", code="SETTINGS-MISSING", hint="give one with --config FILE"
        )
    try:
        document = documents.read(given)
        settings = documents.validate(document, Settings, "SETTINGS")
    except LoadError as error:
        raise SettingsError(
            error.message, problems=error.problems, code=error.code, hint=error.hint
        ) from error
    return settings.model_copy(update={"folder": given.parent})


def with_apply(settings: Settings, *, scope: str | None = None, batch: str | None = None) -> Settings:
    """Return settings with another scope, or with batches of these sizes; raises SettingsError."""
    changes: dict[str, Any] = {} if scope is None else {"scope": scope}
    if batch is not None:
        batches = settings.apply.batches or Batches()
        changes["batches"] = batches.model_copy(update={"sizes": parse_sizes(batch)})
    try:
        made = ApplySettings.model_validate({**dict(settings.apply), **changes})
    except ValidationError as error:
        told = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(told, code="SETTINGS-APPLY", hint="batches go with --scope unit") from None
    return settings.model_copy(update={"apply": made})


_UNLIMITED: dict[str, Any] = {
    "max_devices": None,
    "max_changes": None,
    "max_deletes": None,
    "max_deletes_per_model": {},
}


def alone(settings: Settings, code: str, hint: str) -> Settings:
    """Return the settings for one device by itself; what may be changed in all is for its caller to judge.

    Args:
        code, hint: those of the error.

    Raises:
        SettingsError: devices are to change together.
    """
    how = settings.apply
    if how.scope != "unit" or how.batches is not None:
        what = "batches" if how.batches is not None else f"scope: {how.scope}"
        raise SettingsError(
            f"the settings let devices change together ({what}), and a task changes its host by itself",
            code=code,
            hint=hint,
        )
    guards = settings.guards.model_copy(update=_UNLIMITED)
    return settings.model_copy(update={"guards": guards})


def _secret(path: Path | None, folder: Path) -> SecretStr | None:
    if path is None:
        return None
    place = folder / path.expanduser()
    try:
        return SecretStr(place.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise SettingsError(
            f"the secret file {place} can't be read: {error.strerror}", code="SETTINGS-SECRET"
        ) from error
