"""Cancel and continue a stored backtest or optimisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from warehouse import clock
from warehouse.models import Backtest, Optimization
from warehouse.task_names import CeleryTask
from web.sending import send_or_warn


@dataclass(frozen=True, slots=True)
class RunChanges:
    """The changes of one kind of run: how its pages call it (`noun`), and the parts that stay when it is canceled.

    `page` is the name of the address of a run. `cancel_run` takes a run and an instant (epoch ms) and returns whether
    the run was unfinished, `resume_run` whether it can continue; `task` is what then continues it.
    """

    noun: str
    parts: str
    page: str
    model: type[Backtest] | type[Optimization]
    cancel_run: Callable[[int, int], bool]
    resume_run: Callable[[int], bool]
    task: CeleryTask

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Cancel an unfinished run and redirect to its page. Status 404 if the run does not exist."""
        get_object_or_404(self.model.objects.only("id"), pk=pk)
        if self.cancel_run(pk, clock.now_ms()):
            messages.success(request, f"The {self.noun} is canceled; finished {self.parts} are kept.")
        else:
            messages.warning(request, f"The {self.noun} had ended, so that it was not canceled.")
        return redirect(self.page, pk)

    def resume(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a canceled or failed run continue and redirect to its page. Status 404 if the run does not exist."""
        get_object_or_404(self.model.objects.only("id"), pk=pk)
        if self.resume_run(pk):
            send_or_warn(request, self.task, pk, f"the {self.noun} continues")
        else:
            messages.warning(request, f"The {self.noun} is done, so that there is nothing to continue.")
        return redirect(self.page, pk)
