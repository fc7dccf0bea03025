"""Read the policies of a branch on Azure DevOps.

https://learn.microsoft.com/rest/api/azure/devops/git/policy-configurations
"""

from __future__ import annotations

from msgspec import Struct, field

from fluxbump.forges.client import path
from fluxbump.forges.commit_statuses import Send

_CHECKS = {
    "0609b952-1397-4640-95ec-e00a01b2c241",  # a build
    "cbdc66da-9728-4af8-aada-9a5a32e4a226",  # a status of another service
}
"""Types of policies that are checks: /policy/types/list."""


class _Repository(Struct, frozen=True, kw_only=True):
    id: str


class _Type(Struct, frozen=True, kw_only=True):
    id: str


class _Policy(Struct, frozen=True, kw_only=True):
    type: _Type
    enabled: bool = field(default=False, name="isEnabled")
    blocking: bool = field(default=False, name="isBlocking")

    @property
    def is_protection(self) -> bool:
        return self.enabled and self.blocking

    @property
    def is_required_check(self) -> bool:
        return self.is_protection and self.type.id.lower() in _CHECKS


class _Policies(Struct, frozen=True, kw_only=True):
    value: list[_Policy]


class BranchPolicies(Struct, frozen=True):
    """The policies of one repository.

    Attributes:
        send: sends a request with the supported version of the API.
        project: the path of the project.
        name: the repository's name.
    """

    send: Send
    project: str
    name: str

    def protect(self, ref: str) -> bool:
        """Whether policies forbid to push to a ref, or to delete it."""
        return any(policy.is_protection for policy in self._of(ref))

    def require_checks(self, ref: str) -> bool:
        """Whether a change to a ref must wait for a check."""
        return any(policy.is_required_check for policy in self._of(ref))

    def _of(self, ref: str) -> list[_Policy]:
        """Return the policies of a ref, which are requested by the repository's id."""
        place = f"{self.project}{path('_apis', 'git', 'repositories', self.name)}"
        repository = self.send("GET", place).read(_Repository)
        where = f"{self.project}{path('_apis', 'git', 'policy', 'configurations')}"
        query = {"repositoryId": repository.id, "refName": ref}
        return self.send("GET", where, query=query).read(_Policies).value
