"""Terminal output of `make demo` and `make up`: one line per stage, with its duration."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

SILENT_SECONDS = 4.0


class Stages:
    """Prints stages as they start and finish: a spinner in a terminal, plain lines elsewhere.

    A stage that takes longer prints a line every four seconds where there is no spinner. Neither is done by a thread,
    because processes are forked meanwhile, and forking with threads can hang.
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
            with self._lines_meanwhile(started, silent=writes_lines and self.console.is_terminal):
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

    @contextmanager
    def _lines_meanwhile(self, started: float, *, silent: bool) -> Iterator[None]:
        """Advance the spinner, or print the elapsed time, every few seconds, also while the stage blocks."""

        def on_alarm(number: int, frame: FrameType | None) -> None:
            if self._live:
                self._live.refresh()
            elif not silent:
                self.say(f"    {time.monotonic() - started:.0f} s ...")

        before = signal.signal(signal.SIGALRM, on_alarm)
        signal.setitimer(signal.ITIMER_REAL, SILENT_SECONDS, SILENT_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _finish(self, line: Text) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        self.say(line)
