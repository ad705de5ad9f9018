"""Traps that configuration refuses, the broker's configuration, and topics as subjects."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.connectors import broker
from chanye.connectors.mqtt.embedded import join, overlap, subjects, to_subject, to_topic
from chanye.connectors.mqtt.options import Options
from chanye.connectors.registry import check_options
from chanye.kernel.errors import ConfigError, TransientError
from connectors.mqtt.parts import RULE


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"source": "embedded", "version": "5"}, "3.1.1 only"),
        ({"source": "embedded", "rules": [{**RULE, "topic": "$share/g/{asset}/t"}]}, "without"),
        ({"source": "embedded", "rules": [{**RULE, "topic": "my shop/{asset}/t"}]}, "space"),
        ({"source": "embedded", "host": "10.0.0.1"}, "found by itself"),
        ({"username": ""}, "user name is empty"),
        ({"password_file": "x"}, "needs a username"),
        ({"ca_file": "x"}, "tls"),
        ({"tls": True, "key_file": "x"}, "together"),
        ({"qos": 2}, "qos"),
        ({"rules": []}, "rules"),
        ({"rules": [{**RULE, "topic": "a/#/b"}]}, "last level"),
        ({"rules": [{**RULE, "topic": "a+/b"}]}, "alone"),
        ({"password": "secret"}, "password"),
    ],
)
def test_traps_are_refused_with_a_hint(change: dict[str, Any], hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        check_options("mqtt", {"rules": [RULE], **change})


def test_every_option_says_what_it_is() -> None:
    assert all(field.description for field in Options.model_fields.values())


def test_a_missing_password_file_says_so(tmp_path: Path) -> None:
    options = Options.model_validate({"rules": [RULE], "username": "a", "password_file": tmp_path / "none"})
    with pytest.raises(ConfigError, match="password_file"):
        options.password()


@given(st.text(st.characters(exclude_characters=" \t\r\n+#", exclude_categories=["Cs", "Cc", "Zs"]), min_size=1))
def test_topics_survive_the_way_through_subjects(topic: str) -> None:
    assert to_topic(to_subject(topic)) == topic


@pytest.mark.parametrize(
    ("topic", "subject"),
    [("foo/bar", "foo.bar"), ("/foo/bar", "/.foo.bar"), ("foo//bar", "foo./.bar"), ("foo/", "foo./"),
     ("spBv1.0/G", "spBv1//0.G"), ("foo/+/b", "foo.*.b"), ("foo/#", "foo.>")],
)  # fmt: skip
def test_subjects_as_the_server_documents_them(topic: str, subject: str) -> None:
    assert to_subject(topic) == subject


TOKENS = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=4).flatmap(
    lambda tokens: st.sampled_from([tuple(tokens), (*tokens, ">")])
)


def matches(pattern: tuple[str, ...], subject: tuple[str, ...]) -> bool:
    for n, token in enumerate(pattern):
        if token == ">":
            return len(subject) > n
        if n >= len(subject) or token not in ("*", subject[n]):
            return False
    return len(pattern) == len(subject)


@given(TOKENS, TOKENS, st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=6).map(tuple))
def test_joined_subjects_cover_both(one: tuple[str, ...], other: tuple[str, ...], subject: tuple[str, ...]) -> None:
    both = matches(one, subject) and matches(other, subject)
    assert not both or overlap(one, other)
    if overlap(one, other) and (matches(one, subject) or matches(other, subject)):
        assert matches(join(one, other), subject)


@given(st.lists(st.sampled_from(["a/b", "a/+", "+/b", "a/#", "c", "c/d/+", "+/+/e", "#"]), min_size=1))
def test_no_two_subjects_of_a_consumer_overlap(filters: list[str]) -> None:
    found = [tuple(one.split(".")) for one in subjects(filters)]
    assert not any(overlap(a, b) for n, a in enumerate(found) for b in found[:n])


def test_the_broker_is_closed_to_strangers(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="account"):
        broker.write_config(tmp_path, host="0.0.0.0", mqtt_port=0)
    assert broker.make_device(tmp_path, "车间1")
    address = broker.write_config(tmp_path, host="0.0.0.0", mqtt_port=0)
    text = (tmp_path / "broker" / "nats.conf").read_text()
    assert "no_auth_user" not in text
    assert "sync_interval: always" in text
    assert address == broker.read_address(tmp_path)
    for path in ("broker/nats.conf", "secrets/broker-devices.json", "secrets/broker-collect.key"):
        assert stat.S_IMODE((tmp_path / path).stat().st_mode) == 0o600
    for name in ("", "a b", "x" * 200, broker.COLLECT):
        with pytest.raises(ConfigError):
            broker.make_device(tmp_path, name)


def test_a_broker_that_never_ran_is_transient(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="--broker"):
        broker.read_address(tmp_path)
