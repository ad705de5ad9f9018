"""How an MQTT connection is configured, and the traps that configuration refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from chanye.connectors.mqtt.rules import TopicRule
from chanye.kernel.errors import ConfigError


class Options(BaseModel):
    """Options of the ``mqtt`` connector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["broker", "embedded"] = Field(
        "broker", description="broker: subscribe to any MQTT broker; embedded: read the broker of this installation."
    )
    host: str = Field("127.0.0.1", min_length=1, description="Host name or address of the broker.")
    port: int = Field(0, ge=0, le=65535, description="Port of the broker; 0: 1883, with TLS 8883.")
    tls: bool = Field(False, description="Encrypt and check the broker's certificate.")
    ca_file: Path | None = Field(None, description="Certificates to trust (PEM); none: those of the system.")
    certificate_file: Path | None = Field(
        None, description="Our own certificate (PEM), where the broker asks for one."
    )
    key_file: Path | None = Field(None, description="Key of our own certificate (PEM).")
    username: str | None = Field(None, description="User name; none: no credentials are sent.")
    password_file: Path | None = Field(None, description="File that holds the password; never the password itself.")
    client_id: str = Field(
        "",
        max_length=200,
        description="Client id, one for each connection; empty: chanye- and the connection's name.",
    )
    version: Literal["auto", "5", "3.1.1"] = Field(
        "auto", description="MQTT version; auto: 5, and 3.1.1 if the broker refuses that."
    )
    qos: Literal[0, 1] = Field(
        1,
        description="Quality of service asked for. 2 is not offered: with it the broker forgets a message "
        "before it is stored here.",
    )
    keepalive_s: int = Field(10, ge=2, le=3600, description="A silent connection is tested this often. [s]")
    connect_timeout_s: float = Field(10.0, gt=0, le=120, description="Longest wait for the broker's answer. [s]")
    session_expiry_s: int = Field(
        604_800,
        ge=0,
        le=4_294_967_295,
        description="How long the broker keeps messages while we are away (MQTT 5). [s]",
    )
    batch_ms: float = Field(200.0, gt=0, le=200, description="Longest time readings wait to be stored together. [ms]")
    batch_rows: int = Field(5_000, ge=1, le=50_000, description="Readings stored together at most. [rows]")
    max_payload: int = Field(1_048_576, ge=16, description="Larger payloads are refused. [bytes]")
    max_tags: int = Field(10_000, ge=1, description="Series that topics may create; more are refused. [rows]")
    max_ack_pending: int = Field(
        20_000, ge=1, le=65_535, description="Messages of the embedded broker in hand at a time. [rows]"
    )
    broker_folder: Path | None = Field(
        None, description="Data folder of the embedded broker; none: that of this installation."
    )
    rules: tuple[TopicRule, ...] = Field(min_length=1, description="What topics and payloads mean.")

    @field_validator("username")
    @classmethod
    def _named(cls, username: str | None) -> str | None:
        if username is not None and not username:
            raise ValueError(
                "The user name is empty, which brokers refuse as bad credentials: write a name or leave it out."
            )
        return username

    @model_validator(mode="after")
    def _no_trap(self) -> Self:
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs a username: write both or neither.")
        if (self.ca_file or self.certificate_file or self.key_file) and not self.tls:
            raise ValueError("Certificate files are given but tls is off: set tls to true or remove them.")
        if bool(self.certificate_file) != bool(self.key_file):
            raise ValueError("certificate_file and key_file belong together: give both.")
        if self.source == "embedded":
            self._embedded_traps()
        return self

    def _embedded_traps(self) -> None:
        if self.version == "5":
            raise ValueError(
                "The embedded broker speaks MQTT 3.1.1 only: set version to auto, or use another broker."
            )
        if {"host", "port", "tls", "username", "password_file"} & self.model_fields_set:
            raise ValueError(
                "The embedded broker is found by itself: remove host, port, tls, username and password_file, "
                "or set source to broker."
            )
        for rule in self.rules:
            if any(sign.isspace() for sign in rule.topic):
                raise ValueError(
                    f"The embedded broker disconnects whoever uses a topic with a space ({rule.topic!r}): rename the "
                    "topic at the device, or use another broker."
                )

    @property
    def real_port(self) -> int:
        """The port with its default."""
        return self.port or (8883 if self.tls else 1883)

    def password(self) -> SecretStr | None:
        """Read the password file.

        Raises
        ------
        ConfigError
            It cannot be read.
        """
        if self.password_file is None:
            return None
        try:
            return SecretStr(self.password_file.read_text().rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The password file {self.password_file} cannot be read ({error}): correct password_file."
            ) from None
