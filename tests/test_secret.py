from __future__ import annotations

import copy
import json
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest

from fluxbump.system.secret import Secret, masked

VALUE = "s3cr3t-t0k3n"


@dataclass(frozen=True)
class Holder:
    secret: Secret


def test_only_reveal_gives_the_value() -> None:
    secret = Secret(VALUE)
    assert secret.reveal() == VALUE
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:>40}"]
    shown += [repr(Holder(secret)), str(asdict(Holder(secret))), str([secret])]
    assert [text for text in shown if VALUE in text or "***" not in text] == []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_written(protocol: int) -> None:
    with pytest.raises(TypeError) as raised:
        pickle.dumps(Holder(Secret(VALUE)), protocol)
    assert VALUE not in "".join(traceback.format_exception(raised.value))
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(Secret(VALUE))


def test_it_does_not_change_and_copies_are_itself() -> None:
    secret = Secret(VALUE)
    with pytest.raises(AttributeError, match="does not change"):
        secret._value = "other"
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret


def test_an_empty_one_is_false() -> None:
    assert Secret(VALUE)
    assert not Secret("")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('say a/"b c', "say ***"),
        ("https://a%2F%22b%20c@host/ and a/%22b%20c", "https://***@host/ and ***"),
        ('{"token": "a/\\"b c"}', '{"token": "***"}'),
        ("nothing here", "nothing here"),
        ('a/"b c and more', "***"),
    ],
)
def test_a_text_is_shown_without_secrets_in_any_form(text: str, shown: str) -> None:
    assert masked(text, ('a/"b c', 'a/"b c and more', "")) == shown
