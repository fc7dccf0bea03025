"""People at the API of Gitea: what they do to a pull request, and what they see of it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.lifecycle.site import Place

_TRIES = 100
_PAUSE = 0.1
_LATER = "Please try again later"
"""What Gitea answers as long as it has not found out whether there are conflicts."""


@dataclass(frozen=True)
class Seen:
    """A pull request as people see it; `state` is open, closed or merged."""

    number: int
    branch: str
    base: str
    title: str
    body: str
    state: str
    labels: tuple[str, ...]
    assignees: tuple[str, ...]
    reviewers: tuple[str, ...]
    head: str

    @property
    def draft(self) -> bool:
        """Whether its title has the mark of a draft."""
        return self.title.startswith("WIP: ")


class Person:
    """Somebody with a token.

    Args:
        place: the repository.
        token: theirs.
    """

    def __init__(self, place: Place, token: str) -> None:
        self._authority = place.authority
        self._repository = f"{place.api}/repos/{place.name}"
        self._headers = {"Authorization": f"token {token}"}

    # --- what they see ------------------------------------------------------------------------

    def pulls(self) -> dict[int, Seen]:
        """Map the numbers of all pull requests to them."""
        found = self.ask("GET", "/pulls?state=all&limit=50")
        return {entry["number"]: _seen(entry) for entry in reversed(found)}

    def comments(self, number: int) -> list[str]:
        """Return the comments on a pull request, oldest first."""
        return [entry["body"] for entry in self.ask("GET", f"/issues/{number}/comments")]

    # --- what they do -------------------------------------------------------------------------

    def merge(self, number: int, style: str = "merge") -> None:
        """Merge it, as soon as the forge knows that it can."""
        self._when_known(f"/pulls/{number}/merge", {"Do": style})

    def close(self, number: int) -> None:
        """Close it unmerged."""
        self.edit(number, state="closed")

    def reopen(self, number: int) -> None:
        """Open it again."""
        self.edit(number, state="open")

    def edit(self, number: int, **fields: Any) -> None:
        """Change title, body, base, assignees or state."""
        self.ask("PATCH", f"/pulls/{number}", fields)

    def update_branch(self, number: int, style: str) -> None:
        """Press "Update branch", by merge or by rebase."""
        self.ask("POST", f"/pulls/{number}/update?style={style}")

    def label(self, number: int, *names: str) -> None:
        """Set these labels and no others."""
        ids = {entry["name"]: entry["id"] for entry in self.ask("GET", "/labels?limit=50")}
        wanted = {"labels": [ids[name] for name in names]}
        self.ask("PUT", f"/issues/{number}/labels", wanted)

    def request(self, number: int, reviewer: str) -> None:
        """Ask somebody for a review."""
        wanted = {"reviewers": [reviewer]}
        self.ask("POST", f"/pulls/{number}/requested_reviewers", wanted)

    # --- what an administrator does -----------------------------------------------------------

    def make_labels(self, *names: str) -> None:
        """Make labels in the repository."""
        for name in names:
            self.ask("POST", "/labels", {"name": name, "color": "#00aabb"})

    def protect(self, rule: str, **more: Any) -> None:
        """Protect the branches that a rule names."""
        self.ask("POST", "/branch_protections", {"rule_name": rule, **more})

    def settings(self, **fields: Any) -> None:
        """Change the settings of the repository."""
        self.ask("PATCH", "", fields)

    # --- requests -----------------------------------------------------------------------------

    def ask(self, method: str, where: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request below the repository; return what came, None when nothing did."""
        answer = self._send(method, where, body)
        assert answer.is_success, f"{method} {where}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def _when_known(self, where: str, body: Mapping[str, Any]) -> None:
        for _ in range(_TRIES):
            answer = self._send("POST", where, body)
            if answer.is_success:
                return
            assert _LATER in answer.text, f"{where}: {answer.status_code} {answer.text}"
            time.sleep(_PAUSE)
        raise AssertionError(f"{where}: {_LATER}")

    def _send(self, method: str, where: str, body: Mapping[str, Any] | None) -> httpx.Response:
        with client_of(self._authority, headers=self._headers) as client:
            return client.request(method, self._repository + where, json=body)


def client_of(authority: Path | None, **more: Any) -> httpx.Client:
    """Return a client that trusts a private authority, and nothing of the environment."""
    verify = ssl.create_default_context(cafile=authority) if authority else True
    return httpx.Client(trust_env=False, timeout=60, verify=verify, **more)


def _seen(entry: Mapping[str, Any]) -> Seen:
    logins = ("assignees", "requested_reviewers")
    assignees, reviewers = (tuple(user["login"] for user in entry.get(key) or ()) for key in logins)
    return Seen(
        number=entry["number"],
        branch=entry["head"]["label"],
        base=entry["base"]["label"],
        title=entry["title"],
        body=entry["body"],
        state="merged" if entry["merged"] else entry["state"],
        labels=tuple(sorted(label["name"] for label in entry["labels"] or ())),
        assignees=assignees,
        reviewers=reviewers,
        head=entry["head"]["sha"],
    )
