"""The error for a request without a usable answer, with a message for users. Pure.

It is not an expected error of a command by itself. The caller knows what it wanted to read, such as
an index or a manifest, and turns this error into one that says so.
"""

from __future__ import annotations

from typing import TypeVar

from fluxbump.errors import FluxbumpError

_TOO_MANY, _SERVER_ERROR = 429, 500

E = TypeVar("E", bound=FluxbumpError)


class HttpError(Exception):
    """There is no answer within the limits, or no usable one.

    Args:
        url: the URL without user, query and fragment; empty if the cause is on this machine.
        reason: the reason for messages, without secrets.
        hint: what the user can do; None if nothing is known.
        status: the status of the last answer; 0 if there was none.
        silent: whether no server has answered, or none was asked.

    Attributes:
        uncertain: whether the server may have carried out the request, which must not be repeated.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        hint: str | None = None,
        *,
        status: int = 0,
        silent: bool = False,
    ) -> None:
        super().__init__(f"{url}: {reason}" if url else reason)
        self.url = url
        self.reason = reason
        self.hint = hint
        self.status = status
        self._silent = silent
        self.uncertain = False

    @property
    def silent(self) -> bool:
        """Whether the server has no answer at the moment, so that a cached answer may be used."""
        return self._silent or self.status == _TOO_MANY or self.status >= _SERVER_ERROR

    def reading(self, what: str, error: type[E], *, where: str | None = None) -> E:
        """Return the expected error of a command that could not read something.

        Args:
            what: the thing to read, with its article: `the chart index`.
            error: the type of the error to return.
            where: the place that the error names; None for none.
        """
        named = f"{what} {self.url}" if self.url else what
        message = f"cannot read {named}: {self.reason}"
        return error(message, where=where, hint=self.hint)
