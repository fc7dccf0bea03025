"""Keep tokens and passwords out of messages, and mask them in texts. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Never, Self, final
from urllib.parse import quote

_MASK = "***"


@final
class Secret:
    """A token or password: whatever shows it shows `***`; only `reveal` gives the value."""

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """Return the value, for the request or the process that needs it alone."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _MASK

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("a secret does not change")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce_ex__(self, _: object) -> Never:
        raise TypeError("a secret is not written anywhere")


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text from another program with secrets replaced by `***`.

    Args:
        text: the text of git, a server or another program.
        secrets: the secrets to mask as they are, in JSON and percent-encoded. Other encodings of a
            secret, such as the pair of HTTP Basic, must be given as further secrets.
    """
    forms = {
        form
        for secret in secrets
        for form in (secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""))
        if form
    }
    # The longest first: one may be a part of another.
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, _MASK)
    return text
