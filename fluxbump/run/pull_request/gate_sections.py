"""Writes the sections of a body with the findings of the checks. Pure.

A rule that finds the same in hundreds of manifests appears once, with a count.
"""

from __future__ import annotations

from fluxbump.check.finding_groups import FindingGroup, grouped
from fluxbump.check.rules.crds.existing_clusters import UPGRADE
from fluxbump.model import Finding, Severity
from fluxbump.run.pull_request.body_parts import BodyInputs, Link, Section, place_of
from fluxbump.text.markdown import plain

_SINGLY = 3
"""The most findings of a group that are listed one by one. Of more, the first is shown."""

_LINE = 300
"""The most characters of a finding in the line of the risk."""


def risk(inputs: BodyInputs) -> Section:
    """Return the line that names the worst risk, and the rule that finds it."""
    prepared = inputs.prepared
    new = grouped(_new(inputs))
    hop = inputs.way.hops[0] if inputs.way and inputs.way.hops else None
    if new and (new[0].severity is not Severity.NOTE or hop is None or not hop.migrate):
        worst = new[0]
        return _risk(f"{plain(worst.message, _LINE)} ({worst.severity} of {worst.code})")
    if hop is not None and hop.migrate:
        kinds = ", ".join(plain(conflict.kind) for conflict in hop.migrate)
        return _risk(
            f"the API server refuses the CRDs of Flux {plain(inputs.release)} if a cluster still "
            f"stores old versions of {kinds} ({UPGRADE.code})"
        )
    open_ = ", ".join(dict.fromkeys(rule.code for rule in prepared.verdict.not_run))
    unseen = f" (not run, so not known: {open_})" if open_ else ""
    return _risk(f"{len(prepared.verdict.codes)} rules find nothing new{unseen}")


def _risk(what: str) -> Section:
    return Section("", head=(f"**Risk**: {what}.",))


def _new(inputs: BodyInputs) -> tuple[Finding, ...]:
    prepared = inputs.prepared
    return tuple(
        finding for finding in prepared.verdict.findings if finding not in prepared.inherited
    )


def gate(inputs: BodyInputs) -> Section:
    """Return the section of the findings that the base does not have."""
    prepared, new = inputs.prepared, _new(inputs)
    said = f"{_counted(len(new), 'finding')}" if new else "No findings"
    head = [f"{said} that the base does not have, of {len(prepared.verdict.codes)} rules."]
    accepted = sorted({finding.code for finding in new} & prepared.accepted)
    if accepted:
        head += ["", f"Accepted with `--accept-risk`: {', '.join(accepted)}."]
    items = tuple(line for group in grouped(new) for line in _lines(group, inputs.link))
    return Section("Result of the checks", items, "line", (*head, *([""] if items else [])))


def inherited(inputs: BodyInputs) -> Section:
    """Return the folded section that counts the findings that the base has already, by rule."""
    found = [
        finding
        for finding in inputs.prepared.verdict.findings
        if finding in inputs.prepared.inherited
    ]
    items = tuple(_counts(group, inputs.link) for group in grouped(found))
    rules = len({finding.code for finding in found})
    folded = f"{_counted(len(found), 'finding')} of {_counted(rules, 'rule')}, as before"
    return Section("Existing findings, not caused by this change", items, "rule", folded=folded)


def not_run(inputs: BodyInputs) -> Section:
    """Return the folded section of the rules that could not run, each with the reason."""
    skipped = inputs.prepared.verdict.not_run
    items = tuple(f"- {rule.code}: {plain(rule.reason)}" for rule in skipped)
    folded = f"{_counted(len(skipped), 'rule')} not run"
    title = "Rules not run, so neither passed nor failed"
    return Section(title, items, "rule", folded=folded)


def _lines(group: FindingGroup, link: Link | None) -> tuple[str, ...]:
    if len(group.findings) > _SINGLY:
        return (_counts(group, link),)
    return tuple(_line(finding, link) for finding in group.findings)


def _line(finding: Finding, link: Link | None) -> str:
    where = place_of(finding.location, link)
    return f"- **{finding.severity}** {finding.code} {where}: {plain(finding.message)}"


def _counts(group: FindingGroup, link: Link | None) -> str:
    if len(group.findings) == 1:
        return _line(group.findings[0], link)
    first = group.findings[0]
    paths = len({finding.location.path for finding in group.findings})
    where = f"{len(group.findings)} times in {_counted(paths, 'file')}"
    what = f"first at {place_of(first.location, link)}: {plain(group.message)}"
    return f"- **{first.severity}** {first.code} {where}, {what}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"
