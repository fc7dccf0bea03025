"""Why a server gave no answer of use: the one error of this folder, in words for people. Pure.

It is no expected error of a command by itself: whoever asked knows what was wanted, an index, a
manifest or a forge, and makes of it the error that says so.
"""

from __future__ import annotations

from typing import TypeVar

from fluxbump.errors import FluxbumpError

_TOO_MANY, _SERVER_ERROR = 429, 500

E = TypeVar("E", bound=FluxbumpError)


class HttpError(Exception):
    """There is no answer within the bounds, or none of use.

    Args:
        url: that was asked, without user, query and fragment; empty if the fault lies here.
        reason: for people, without secrets.
        hint: what to do about it; None if nothing is known.
        status: of the last answer; 0 if there was none.
        silent: nothing has answered, or nothing was asked.

    Attributes:
        uncertain: the request may have been carried out, and must not be carried out twice.
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
        """Whether there is no answer now: what was read before may stand in for it."""
        return self._silent or self.status == _TOO_MANY or self.status >= _SERVER_ERROR

    def reading(self, what: str, error: type[E], *, where: str | None = None) -> E:
        """Return the expected error of a command that wanted to read something.

        Args:
            what: that was to be read, with its article: `the chart index`.
            error: its type.
            where: the place that the error names.
        """
        named = f"{what} {self.url}" if self.url else what
        message = f"cannot read {named}: {self.reason}"
        return error(message, where=where, hint=self.hint)
