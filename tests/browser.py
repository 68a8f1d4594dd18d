"""A real browser without a window: Chromium, spoken to over its own DevTools protocol, through a pair of pipes.

Nothing but the browser is needed: ``apt-get install chromium``.  A page notes every error on its console and every
request that it makes, for a test to see that there was none.
"""

import base64
import contextlib
import fcntl
import functools
import itertools
import json
import os
import select
import shutil
import signal
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
PATIENCE = 120.0
"""Seconds that one answer may take on a busy machine."""


@functools.cache
def executable():
    """The browser; None where none is installed."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def _moved(end):
    """The same end of a pipe under a number that is not wanted for anything else."""
    moved = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return moved


class BrowserError(AssertionError):
    """What the browser, or a script in a page, said in place of an answer."""


class Browser:
    """A running browser, with one page at a time."""

    def __init__(self, folder):
        self.folder = Path(folder)
        down, self._write = os.pipe()
        self._read, up = os.pipe()
        down, up = (_moved(end) for end in (down, up))
        command = [executable(), *OPTIONS, f"--user-data-dir={self.folder / 'profile'}", "about:blank"]
        # The browser reads commands from its file 3 and answers on its file 4.
        actions = [(os.POSIX_SPAWN_OPEN, k, os.devnull, os.O_RDWR, 0) for k in range(3)]
        actions += [(os.POSIX_SPAWN_DUP2, down, 3), (os.POSIX_SPAWN_DUP2, up, 4)]
        self._process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        os.close(down)
        os.close(up)
        self._numbers = itertools.count(1)
        self._pending = bytearray()
        self.events = []

    def close(self):
        """Ends the browser."""
        with contextlib.suppress(BrowserError, OSError):
            self.send("Browser.close")
        os.close(self._write)
        os.close(self._read)
        end = time.monotonic() + 10
        while os.waitpid(self._process, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                os.kill(self._process, signal.SIGKILL)
            time.sleep(0.05)

    def send(self, method, session=None, **params):
        """Sends a command, and returns its answer; events that come before it are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        self._write_all(json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            answer = self._next(end)
            if answer.get("id") != number:
                self.events.append(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def _write_all(self, data):
        while data:
            data = data[os.write(self._write, data) :]

    def _next(self, end):
        """The next message."""
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._read], [], [], max(end - time.monotonic(), 0))
            chunk = os.read(self._read, 1 << 16) if ready else b""
            if not chunk:
                raise BrowserError("the browser does not answer" if not ready else "the browser has ended")
            self._pending += chunk
        message, _, rest = bytes(self._pending).partition(b"\0")
        self._pending = bytearray(rest)
        return json.loads(message)

    def open(self, url, width=1280, height=900, dark=False):
        """Opens a page, and waits until it is loaded."""
        return Page(self, url, width, height, dark)


class Page:
    """One page: scripts, keys, the pointer, pictures of it, and what it did that it should not."""

    def __init__(self, browser, url, width, height, dark):
        self.browser, self.url = browser, url
        target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self._target = target
        self._session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.downloads = browser.folder / f"downloads-{target}"
        self.downloads.mkdir()
        browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the page."""
        self.browser.send("Target.closeTarget", targetId=self._target)

    def send(self, method, **params):
        """Sends a command about this page."""
        return self.browser.send(method, self._session, **params)

    def resize(self, width, height):
        """Gives the page another size, in pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def run(self, script):
        """The value of an expression in the page, as plain data; what it promises is waited for."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise BrowserError(thrown.get("exception", {}).get("description") or thrown["text"])
        return answer["result"].get("value")

    def wait(self, condition):
        """Waits until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.run(condition):
            if time.monotonic() > end:
                raise BrowserError(f"never came true: {condition}")
            time.sleep(0.05)

    def text(self, selector):
        """What an element says, as it is seen."""
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def type(self, selector, text):
        """Puts a text into a field, key by key."""
        self.run(f"(e => {{ e.focus(); e.select(); }})(document.querySelector({json.dumps(selector)}))")
        self.send("Input.insertText", text=text)

    def press(self, key):
        """Presses a key, such as ``"Enter"``, ``"Tab"`` or ``"ArrowLeft"``."""
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        codes |= {" ": 32, "Home": 36, "End": 35, "Delete": 46}
        same = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        text = {"Enter": "\r", " ": " "}.get(key)
        self.send("Input.dispatchKeyEvent", type="keyDown", **same, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **same)

    def middle(self, selector):
        """The middle of an element, in pixels, once it is in view."""
        place = (
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2]; }})(document.querySelector({json.dumps(selector)}))"
        )
        return self.run(place)

    def point(self, x, y, kind="mouseMoved", button="none"):
        """Moves the pointer, or presses or releases its button."""
        self.send(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=int(button != "none"), buttons=1
        )

    def hover(self, selector):
        """Rests the pointer on an element."""
        self.point(*self.middle(selector))

    def click(self, selector):
        """Clicks an element."""
        x, y = self.middle(selector)
        self.point(x, y)
        self.point(x, y, "mousePressed", "left")
        self.point(x, y, "mouseReleased", "left")

    def drag(self, start, end, steps=4):
        """Presses at one place, moves, and lets go at another."""
        (x, y), (u, v) = start, end
        self.point(x, y)
        self.point(x, y, "mousePressed", "left")
        for k in range(1, steps + 1):
            self.point(x + (u - x) * k / steps, y + (v - y) * k / steps, "mouseMoved", "left")
        self.point(u, v, "mouseReleased", "left")

    def downloaded(self, name):
        """The content of a file that the page saved, once it is whole."""
        path = self.downloads / name
        end = time.monotonic() + PATIENCE
        while not path.is_file():
            if time.monotonic() > end:
                raise BrowserError(f"never saved: {name}")
            time.sleep(0.05)
        return path.read_bytes()

    def picture(self, path, whole=True):
        """Saves a picture of the page as PNG."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    @property
    def complaints(self):
        """Errors and warnings on the console, and requests for anything but the page itself."""
        self.run("1")  # what happened until now has been told then
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self._session:
                continue
            method, params = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                thrown = params["exceptionDetails"]
                found.append(thrown.get("exception", {}).get("description") or thrown["text"])
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(" ".join(str(a.get("value", a.get("description"))) for a in params["args"]))
            elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
            elif method == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if url.partition("#")[0] != self.url.partition("#")[0] and not url.startswith("blob:"):
                    found.append(f"request for {url[:200]}")
        return found
