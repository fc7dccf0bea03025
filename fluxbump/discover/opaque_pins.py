"""Words why fluxbump cannot replace the value of a pin, and what to do about it. Pure."""

from __future__ import annotations

from fluxbump.discover.pins import traits
from fluxbump.model import Form, Pin
from fluxbump.text import versions
from fluxbump.text.patterns import lazy_pattern

_DIGEST = lazy_pattern(r"sha(?:256|512):[0-9A-Fa-f]+")
_SHOWN = 19  # characters of a digest in a message: `sha256:` and twelve
_NOT_PUBLISHED = (
    (
        traits.TAG_URL,
        "Flux has no such tag",
        "write the tag of a release there, which begins with v",
    ),
    (traits.ACTION, "Flux has no such tag", "write v{} there"),
    (
        traits.CLI_FILE,
        "Flux publishes nothing of that name",
        "write the tag with v, and the name of the file without it",
    ),
    (
        traits.ARCHIVE,
        "the community has no such archive",
        "write the version of an archive there, without v and in full",
    ),
)
"""For kinds of pin: why a value names nothing that is published, and what to write instead."""


def held(pin: Pin) -> str:
    """Return the value of a pin, and why it is not a version that fluxbump can replace."""
    return f"{shown(pin)} {_why(pin)[0]}"


def refusal(pin: Pin, new: str) -> tuple[str, str]:
    """Return why a pin cannot be set to a new version, and what to do.

    Args:
        pin: a pin of the form `opaque`.
        new: the version that it must have after the bump.
    """
    why, advice = _why(pin)
    where = f"{pin.subject} must become {new}, but holds {shown(pin)} {why}"
    if is_digest(pin):
        where += ", and that digest decides what is taken"
    return where, advice.format(new)


def is_at(pin: Pin, version: str) -> bool:
    """Whether a pin already holds `version`, with or without a digest behind it (`v2.4.0@…`)."""
    tag, _, digest = pin.value.partition("@")
    return pin.value == version or (digest != "" and tag.removeprefix("v") == version)


def is_digest(pin: Pin) -> bool:
    """Whether a digest in or beside the pin decides which content is used."""
    return pin.with_digest or _DIGEST.search(pin.value) is not None


def shown(pin: Pin) -> str:
    """Return the value of a pin for people, with its digest shortened."""
    return _DIGEST.sub(lambda found: f"{found[0][:_SHOWN]}…", pin.value)


def is_old_commit(pin: Pin, new: str) -> bool:
    """Whether a pin is a commit whose comment names another release than `new`."""
    return pin.form is Form.COMMIT and versions.parse(pin.value) is not None and pin.value != new


def stays_at_commit(pin: Pin, new: str) -> str:
    """Return the message that a pin keeps its commit, and how to find the commit of a release.

    For an annotated tag, `git ls-remote` lists the tag first. The line with `^{}` behind it has the
    commit.

    Args:
        pin: a pin of the form `commit`.
        new: the release.
    """
    tag = f"refs/tags/v{new}"
    find = f"git ls-remote https://github.com/fluxcd/flux2 {tag} '{tag}^{{}}'"
    return f"stays at a commit ({pin.value}): the last line of `{find}` has that of {new}"


def _why(pin: Pin) -> tuple[str, str]:
    if is_digest(pin):
        advice = "set version and digest of {}, or take the digest out and pin by version"
        return ("pinned by that digest" if "sha" in pin.value else "beside a digest"), advice
    if pin.kind in traits.MODULE:
        module = pin.subject.removeprefix("module ")
        return "beside its sums in go.sum", f"run `go get {module}@v{{}}` and `go mod tidy`"
    for kinds, why, advice in _NOT_PUBLISHED:
        if pin.kind in kinds:
            return f"({why})", advice
    return "behind an anchor, a tag, an escape or a block scalar", "write a plain version there"
