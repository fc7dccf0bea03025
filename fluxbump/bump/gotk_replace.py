"""Replaces committed manifests of Flux, each as a whole or not at all. Pure.

Such a manifest is a `gotk-components.yaml`, or a copy of a release's `install.yaml`, which has no
options.

fluxbump generates the old file again from the text of the release that it names. If that gives the
same bytes, its options are known and it has no edits, so the new file is generated in the same
way. If not, the file holds something that a new one would lose, and the bump does not replace it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from fluxbump.bump.changes import Change, Plan, Replacement
from fluxbump.discover.pins import traits
from fluxbump.errors import Again, HalfBumpError, IndexSourceError
from fluxbump.flux import gotk, gotk_options
from fluxbump.flux.gotk import GotkManifest
from fluxbump.flux.gotk_options import Difference, IrreproducibleError
from fluxbump.flux.gotk_source import Components
from fluxbump.model import Inventory, Location, Pin, Related
from fluxbump.text.live_code import decode

LEAVE = "--leave-gotk"
_LONGEST = 80  # characters of a line in a message
_SOURCES = (
    "use --releases with a directory or a URL that has vX.Y.Z/gotk-components.yaml, "
    f"--flux with the flux CLI, or {LEAVE} to leave the file"
)
_COPIES = (
    "use --releases with a directory or a URL that has vX.Y.Z/install.yaml, "
    f"or {LEAVE} to leave the file"
)
_EDITED = (
    "move changes of your own into a kustomization.yaml beside it, and restore the install.yaml of "
    f"v{{0}}. With {LEAVE} it stays at {{0}}"
)

Copied = Callable[[str], bytes]
"""Returns the `install.yaml` of a release, or raises IndexSourceError if it is not available."""


class Irreproducible(Struct, frozen=True):
    """A manifest that cannot be generated again, so that it stays.

    Attributes:
        change: the change that is not made.
        place: the line that prevents it, with the reason.
        hint: advice for the user.
    """

    change: Change
    place: Related
    hint: str


class Manifests(Struct, frozen=True):
    """The sources of the manifests of releases.

    Attributes:
        components: gives the output of `flux install --export` for a release.
        copied: gives the `install.yaml` of a release.
    """

    components: Components
    copied: Copied


def replaced(
    planned: Plan, inventory: Inventory, manifests: Manifests, leave: frozenset[str]
) -> Plan:
    """Add the new text of each manifest that moves to a plan.

    Args:
        planned: the plan without replacements.
        inventory: has the text of each manifest.
        manifests: the sources of the manifests of releases.
        leave: the kinds of pin whose manifest stays if it cannot be generated again. The plan lists
            it as kept.

    Raises:
        HalfBumpError: a manifest of another kind cannot be generated again, and would stay behind.
    """
    made, failed = made_again(inventory, planned.changes, manifests)
    refused = [each for each in failed if each.change.pin.kind not in leave]
    if refused:
        others = len(planned.changes) > len(failed)
        raise _error(refused, refused[0].change.new, others=others)
    stay = [irreproducible.change for irreproducible in failed]
    return replace(
        planned,
        changes=tuple(change for change in planned.changes if change not in stay),
        kept=(*(_stays(irreproducible) for irreproducible in failed), *planned.kept),
        replacements=made,
    )


def made_again(
    inventory: Inventory, changes: Iterable[Change], manifests: Manifests
) -> tuple[tuple[Replacement, ...], tuple[Irreproducible, ...]]:
    """Return the manifests with the text of the new release, and those that cannot have it."""
    done = [
        _kept(change)
        or (
            _replacement(inventory, change, manifests.components)
            if change.pin.kind in traits.BOOTSTRAPPED
            else _copy(inventory, change, manifests.copied)
        )
        for change in changes
        if change.pin.kind in traits.WHOLE_MANIFEST
    ]
    return (
        tuple(outcome for outcome in done if isinstance(outcome, Replacement)),
        tuple(outcome for outcome in done if isinstance(outcome, Irreproducible)),
    )


def _stays(irreproducible: Irreproducible) -> tuple[Pin, str]:
    pin, place = irreproducible.change.pin, irreproducible.place.location
    line = f"line {place.line} " if place.line != pin.location.line else ""
    return pin, f"stays at {pin.value}, as asked: {line}{irreproducible.place.message}"


def _error(refused: Sequence[Irreproducible], release: str, *, others: bool) -> HalfBumpError:
    """Make the error that names the files which would stay behind.

    Args:
        refused: the files, at least one.
        release: the target of the bump.
        others: whether other places can move if the files stay.
    """
    first, alone = refused[0].place, len(refused) == 1
    while_ = f"would stay behind while Flux moves to {release}"
    return HalfBumpError(
        f"the file {while_}" if alone else f"{len(refused)} files {while_}",
        where=first.location if alone else None,
        facts=[
            *([first.message] if alone else ()),
            *dict.fromkeys(irreproducible.hint for irreproducible in refused),
        ],
        places=(irreproducible.place for irreproducible in refused),
        next=[Again((LEAVE,), f"leaves {'it' if alone else 'them'}, and moves the rest")]
        if others
        else (),
    )


def _kept(change: Change) -> Irreproducible | None:
    """Say that a file stays if its name, or a folder's on its path, holds its release; else None.

    Other files name that path, and the manifest of the new release belongs at another path.
    """
    held, path = change.pin.value, change.pin.location.path
    called = re.compile(rf"(?<![\d.])v?{re.escape(held)}(?![\w-]|\.\d)")
    names = path.split("/")
    at = next((at for at, name in enumerate(names) if called.search(name)), None)
    if at is None:
        return None
    kept = "/".join(names[: at + 1])
    new = called.sub(lambda match: match.group().replace(held, change.new), names[at])
    message = f"{names[at]} is called after Flux {held}, and keeps what belongs to it"
    hint = (
        f"add {new} beside {kept} with the manifest of Flux {change.new}, and name {new} in each "
        f"place that names {names[at]}. With {LEAVE} it stays at {held}"
    )
    return Irreproducible(change, Related(change.pin.location, message), hint)


def _replacement(
    inventory: Inventory, change: Change, components: Components
) -> Replacement | Irreproducible:
    path, text = change.pin.location.path, inventory.files[change.pin.location.path]
    held = gotk.read(_unix(text))
    if held is None:
        raise AssertionError("the kind has read the file")
    release = change.pin.value
    try:
        old = components(held.version, held.components)
        release = change.new
        new = components(release, held.components)
    except IndexSourceError as error:
        message = f"the manifest of Flux {release} is not available: {error}"
        return Irreproducible(change, Related(change.pin.location, message), _SOURCES)
    options = gotk_options.options_of(held)
    try:
        again = gotk_options.reproduce(old, options)
        made = gotk_options.reproduce(new, options)
    except IrreproducibleError as error:
        message = f"cannot be made again from the manifest of Flux {release}: {error}"
        return Irreproducible(change, Related(change.pin.location, message), _advice(held, change))
    difference = gotk_options.first_difference(_unix(text), again)
    if difference is not None:
        place = Related(Location(path, difference.line), _said(difference, held.version))
        return Irreproducible(change, place, _advice(held, change))
    return Replacement(path, made if "\r\n" not in text else made.replace("\n", "\r\n"))


def _copy(inventory: Inventory, change: Change, copied: Copied) -> Replacement | Irreproducible:
    """Replace a copy of the old release's `install.yaml` by that of the new release."""
    path, text = change.pin.location.path, inventory.files[change.pin.location.path]
    release = change.pin.value
    try:
        old = decode(copied(release))
        release = change.new
        new = decode(copied(release))
    except IndexSourceError as error:
        message = f"the install.yaml of Flux {release} is not available: {error}"
        return Irreproducible(change, Related(change.pin.location, message), _COPIES)
    difference = gotk_options.first_difference(_unix(text), _unix(old))
    if difference is not None:
        place = Related(Location(path, difference.line), _said(difference, change.pin.value))
        return Irreproducible(change, place, _EDITED.format(change.pin.value))
    made = _unix(new)
    return Replacement(path, made if "\r\n" not in text else made.replace("\n", "\r\n"))


def _unix(text: str) -> str:
    """Return a text with LF line breaks if all of its line breaks are CRLF, else unchanged."""
    plain = text.replace("\r\n", "\n")
    return plain if plain.count("\n") == text.count("\r\n") else text


def _said(difference: Difference, release: str) -> str:
    if difference.held is None:
        return f"ends here, but Flux {release} writes {_quoted(difference.expected)}"
    if difference.expected is None:
        return f"goes on with {_quoted(difference.held)}, but what Flux {release} writes ends here"
    expected = _quoted(difference.expected)
    if expected == _quoted(difference.held):
        return f"holds {expected}, but Flux {release} writes that line with other white space"
    return f"holds {_quoted(difference.held)}, but Flux {release} writes {expected}"


def _quoted(line: str | None) -> str:
    text = (line or "").strip()
    if not text:
        return "an empty line"
    return f"`{text}`" if len(text) <= _LONGEST else f"`{text[: _LONGEST - 1]}…`"


def _advice(held: GotkManifest, change: Change) -> str:
    command = f"flux install --export --version v{held.version}"
    if held.components:
        command += f" --components={','.join(held.components)}"
    return (
        f"compare it with `{command}`, move changes of your own into the kustomization.yaml beside "
        f"it, and restore the file. With {LEAVE} it stays at {change.pin.value}"
    )
