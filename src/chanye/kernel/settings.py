"""One settings object: ``chanye.toml`` in the working folder, overridden by ``CHANYE_*`` in the environment.

Every field carries its description; ``docs/reference/settings.md`` is generated from them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Settings(BaseSettings):
    """All settings of one installation."""

    model_config = SettingsConfigDict(env_prefix="CHANYE_", toml_file="chanye.toml", extra="forbid", frozen=True)

    data: Path = Field(Path("var"), description="Folder of all data: records, history, files, broker, secrets, logs.")
    database: str = Field("", description="PostgreSQL URL for records; empty means SQLite in the data folder.")
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the web server listens on; 0 takes a free one.")
    public_url: str = Field(
        "", description="Address people type, e.g. https://chanye.example; empty means http://host:port."
    )
    web_workers: int = Field(1, ge=1, le=64, description="Web worker processes.")
    debug: bool = Field(False, description="Django debug pages; never on a machine that others reach.")
    demo: bool = Field(False, description="Demo: simulated site, visitors are signed in as the demo engineer.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    flush_rows: int = Field(
        1_000_000, ge=1_000, description="Samples kept in the log before they become a part. [rows]"
    )
    flush_seconds: float = Field(600.0, gt=0, description="Longest time samples stay only in the log. [s]")
    retention_days: int = Field(0, ge=0, description="Days of raw samples to keep; 0 keeps all. [d]")
    min_free_mb: int = Field(200, ge=0, description="Free disk below which nothing is acknowledged. [MB]")
    webhook_private_addresses: bool = Field(
        False, description="Let webhooks reach private and loopback addresses: where the receivers are in the plant."
    )
    b2mml_schemas: str = Field(
        "",
        description=(
            "Folder with B2MML schema files (.xsd), for organisations without a set of their own; documents that come"
            " in and go out are validated against them. Empty means schemas/b2mml in the data folder."
        ),
    )
    broker: bool = Field(False, description="Run the embedded MQTT 3.1.1 broker (nats-server).")
    broker_host: str = Field(
        "127.0.0.1", description="Address the embedded broker listens on; beyond loopback devices need accounts."
    )
    broker_port: int = Field(
        1883, ge=0, le=65535, description="MQTT port of the embedded broker; 0 takes a free one."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of precedence: arguments, environment, ``chanye.toml``."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def history_folder(self) -> Path:
        """Folder of the historian."""
        return self.data / "history"

    @property
    def files_folder(self) -> Path:
        """Folder of stored files: pictures, programs, documents."""
        return self.data / "files"

    @property
    def run_folder(self) -> Path:
        """Folder of sockets and status files that live as long as the processes."""
        return self.data / "run"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
