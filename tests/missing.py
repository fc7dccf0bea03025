"""What a test needs, and is not here."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str, require: str) -> NoReturn:
    """Skip the test; fail it where the environment says that nothing may be missing.

    Args:
        reason: what is not here, and how to get it.
        require: the variable that says so, with `1`.
    """
    if os.environ.get(require) == "1":
        pytest.fail(f"{reason} ({require}=1)", pytrace=False)
    pytest.skip(reason)
