"""A house of rooms on a fixed order of floors: who may import whom."""

from __future__ import annotations

import ast
import re

import pytest

from tests.helpers import ROOT

FLOORS = (
    ("version", "model"),
    ("errors",),
    ("text", "system"),
    ("git", "helm"),
    ("flux", "forges"),
    ("discover",),
    ("config",),
    ("sources",),
    ("workspace",),
    ("check", "fleet"),
    ("bump",),
    ("api", "run"),
    ("reports",),
    ("cli",),
    ("__main__",),
)
"""From the ground up; what shares a floor does not import each other."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
PACKAGE = ROOT / "fluxbump"
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def room(module: str) -> str:
    return module.split(".")[1]


def imported_rooms(module: str) -> set[str]:
    """The rooms that a module imports from: at its top, in functions and for types."""
    nodes = ast.walk(ast.parse(FILES[module].read_text("utf-8")))
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {
        f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        for node in imports
        for alias in node.names
    }
    return {room(name) for name in names if name.startswith("fluxbump.")}


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in FILES if "." in module} == FLOOR.keys()


@pytest.mark.parametrize("module", [name for name in FILES if "." in name])
def test_a_room_imports_from_lower_floors(module: str) -> None:
    own = room(module)
    others = imported_rooms(module) - {own}
    assert {other for other in others if FLOOR[other] >= FLOOR[own]} == set()


def test_imports_are_seen_wherever_they_stand() -> None:
    assert "forges" in imported_rooms("fluxbump.run.setup")  # inside functions
    assert "config" in imported_rooms("fluxbump.workspace")


def test_rooms_are_few_and_none_is_crowded() -> None:
    folders = {path.parent for path in FILES.values()} - {PACKAGE}
    assert len({folder.relative_to(PACKAGE).parts[0] for folder in folders}) <= 15
    assert len(list(PACKAGE.glob("*.py"))) <= 8
    assert {folder.name for folder in folders if len(list(folder.glob("*.py"))) > 24} == set()


def test_the_design_draws_the_same_floors() -> None:
    text = (ROOT / "docs" / "design.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", text, re.MULTILINE)
    drawn = {int(number): set(re.findall(r"`(\w+)`", rooms)) for number, rooms in rows}
    assert drawn == {number: set(rooms) for number, rooms in enumerate(FLOORS[:-1], start=1)}
