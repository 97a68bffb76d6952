"""What `make demo` and `make up` tell the operator: one line per stage, with its time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text


class Stages:
    """Trades stages as they begin and end: a spinner in a terminal, plain lines elsewhere.

    Nothing is drawn from a thread: processes are started in between, and a fork with threads can hang.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._live: Live | None = None

    @contextmanager
    def stage(self, text: str, *, speaks: bool = False) -> Iterator[None]:
        """A stage of the run; its line says how long it took, or that it did not come to its end.

        A stage that `speaks` writes lines of its own, which a spinner would overwrite.
        """
        began = time.monotonic()
        if self.console.is_terminal and not speaks:
            self._live = Live(Spinner("dots", text), console=self.console, auto_refresh=False, transient=True)
            self._live.start(refresh=True)
        else:
            self.say(f"  {text} ...")
        try:
            yield
        except BaseException:
            self._finish(Text(f"✗ {text}", style="red"))
            raise
        self._finish(Text(f"✓ {text}  {time.monotonic() - began:.1f} s"))

    def say(self, text: str | Text) -> None:
        """One line. A terminal that was closed is no reason to leave the services without their stop."""
        try:
            self.console.print(text, soft_wrap=True)
        except OSError:
            self.console.quiet = True

    def tick(self) -> None:
        """Moves the spinner."""
        if self._live:
            self._live.refresh()

    def _finish(self, line: Text) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        self.say(line)
