"""Finds the requirement with which `pip install` installs the running fluxbump again. Pure."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from fluxbump.errors import UsageError
from fluxbump.text.patterns import lazy_pattern

_NAME = lazy_pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[^\]]*\])?")


def pinned(source: str, version: str) -> str:
    """Pin a requirement that names no version to one of fluxbump.

    A repository gets the tag of the version, and a name in a package index gets the version
    itself. A requirement that names a version already, and any other one, stays as it is.

    Args:
        source: a requirement of pip: https://pip.pypa.io/en/stable/topics/vcs-support/
        version: the version of fluxbump to pin.

    Raises:
        UsageError: the requirement is empty, has a line break, or is an option of pip.
    """
    if not source.isprintable() or not source.strip() or source.startswith("-"):
        raise UsageError(
            f"--source {source!r} is nothing that pip installs",
            hint="use git+https://HOST/PATH, or the name of a package",
        )
    if _NAME.fullmatch(source):
        return f"{source}=={version}"
    if not source.startswith("git+"):
        return source
    url, mark, fragment = source.partition("#")
    has_revision = "@" in urlsplit(url).path
    return source if has_revision else f"{url}@v{version}{mark}{fragment}"


def installed_from(record: str | None, version: str) -> str | None:
    """Return the requirement that installs the same fluxbump; None if only this machine has it.

    Args:
        record: the text of the installation's `direct_url.json`. None if it came from a package
            index by name. https://packaging.python.org/specifications/direct-url/
        version: the version of the installed fluxbump.
    """
    if record is None:
        return f"fluxbump=={version}"
    try:
        told = json.loads(record)
        url, repository = told["url"], told.get("vcs_info")
        parts = urlsplit(url)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if parts.scheme not in ("http", "https", "ssh") or parts.password:
        return None
    if not isinstance(repository, dict):
        return f"fluxbump @ {url}" if "archive_info" in told else None
    revision = repository.get("requested_revision")
    # A branch moves, so its commit is kept. The tag of the version says more than its commit.
    kept = revision if revision == f"v{version}" else repository.get("commit_id")
    return f"git+{url}@{kept}" if repository.get("vcs") == "git" and kept else None
