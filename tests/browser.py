"""A headless Chromium, driven over two pipes: Chrome DevTools Protocol, one JSON text at a time.

The pipe (`--remote-debugging-pipe`: descriptors 3 and 4, texts end in NUL) takes no port, no web
socket and so no library; chromedevtools.github.io/devtools-protocol describes the methods.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRE = "FLUXBUMP_REQUIRE_BROWSER"


def find() -> str:
    """Return the browser; skip the test, or fail it where a browser is required."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        reason = "no Chromium: apt-get install --no-install-recommends chromium"
        if os.environ.get(REQUIRE):
            pytest.fail(f"{REQUIRE} is set, and there is {reason}")
        pytest.skip(reason)
    return found


class View:
    """One page that was loaded, at one width and in one colour scheme."""

    def __init__(self, to: BinaryIO, back: BinaryIO) -> None:
        self._to, self._from = to, back
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _read(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._from.read(1)) != b"\0":
            assert byte, "the browser has ended"
            text += byte
        answer: dict[str, Any] = json.loads(text)
        return answer

    def open(self, url: str, *, width: int, dark: bool) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = session
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=844, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        while not self._seen("Page.loadEventFired"):
            self.events.append(self._read())

    def _seen(self, method: str) -> bool:
        return any(event.get("method") == method for event in self.events)

    def value(self, script: str) -> Any:
        """Return what a script yields; the page's own policy does not bind the debugger."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    @property
    def complaints(self) -> list[str]:
        """What the console and the log of the browser say."""
        said = [event for event in self.events if event.get("method") in _TOLD]
        return [json.dumps(event["params"]) for event in said]

    @property
    def requests(self) -> list[str]:
        """The URLs that the page asked for, its own included."""
        sent = "Network.requestWillBeSent"
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == sent]

    def screenshot(self) -> bytes:
        """Return the whole page as a PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])


_TOLD = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")


@contextmanager
def opened(page: Path, profile: Path, *, width: int = 1200, dark: bool = False) -> Iterator[View]:
    """Load a file, and end the browser afterwards.

    Args:
        page: the file.
        profile: an empty directory for the browser.
        width: of its window, in CSS pixels.
        dark: whether the reader prefers a dark scheme.
    """
    theirs, to = os.pipe()
    back, ours = os.pipe()
    command = [find(), "--headless", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"]
    # Chromium's sandbox wants a user that is not root.
    command += ["--no-sandbox", f"--user-data-dir={profile}", "about:blank"]
    script = f'exec "$@" 3<&{theirs} 4>&{ours}'
    with subprocess.Popen(
        ["bash", "-c", script, "browser", *command],
        pass_fds=(theirs, ours),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        os.close(ours)
        with open(to, "wb") as out, open(back, "rb") as answers:  # noqa: PTH123  # descriptors
            view = View(out, answers)
            try:
                view.open(page.as_uri(), width=width, dark=dark)
                yield view
            finally:
                process.terminate()
