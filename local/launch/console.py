"""Terminal output of `make demo` and `make up`: one line per stage, with its duration."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text


class Stages:
    """Prints stages as they start and finish: a spinner in a terminal, plain lines elsewhere.

    The spinner is not drawn by a thread, because processes are forked meanwhile, and forking with threads can hang.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._live: Live | None = None

    @contextmanager
    def stage(self, text: str, *, writes_lines: bool = False) -> Iterator[None]:
        """Print a stage of the run and, at its end, its duration or its failure.

        With `writes_lines` there is no spinner, because it would overwrite the lines that the stage prints.
        """
        started = time.monotonic()
        if self.console.is_terminal and not writes_lines:
            self._live = Live(Spinner("dots", text), console=self.console, auto_refresh=False, transient=True)
            self._live.start(refresh=True)
        else:
            self.say(f"  {text} ...")
        try:
            yield
        except BaseException:
            self._finish(Text(f"✗ {text}", style="red"))
            raise
        self._finish(Text(f"✓ {text}  {time.monotonic() - started:.1f} s"))

    def say(self, text: str | Text) -> None:
        """Print one line. A closed terminal is ignored, so that the services are still stopped."""
        try:
            self.console.print(text, soft_wrap=True)
        except OSError:
            self.console.quiet = True

    def tick(self) -> None:
        """Advance the spinner."""
        if self._live:
            self._live.refresh()

    def _finish(self, line: Text) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        self.say(line)
