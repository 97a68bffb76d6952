"""Address of a row by its key: redirects to the row's page in the admin."""

from __future__ import annotations

from django.apps import apps
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

KEYS = {
    "gammaexposure": ("symbol", "timestamp"),
    "ingestionrun": ("task", "symbol", "slot"),
    "ivpercentile": ("symbol", "date"),
    "marketregimeday": ("date",),
}


@staff_member_required
def show_row(request: HttpRequest, model: str) -> HttpResponse:
    """Redirect to the page of the row with the key in the query string. Answers 404 where there is none."""
    names = KEYS.get(model)
    if names is None:
        raise Http404(f"rows of {model} are not found by a key; use one of {', '.join(KEYS)}")
    wanted = {name: request.GET.get(name, "") for name in names}
    table: type[Model] = apps.get_model("warehouse", model)
    try:
        found = table._default_manager.filter(**wanted).values_list("pk", flat=True).first()
    except (ValueError, ValidationError):
        raise Http404(f"{wanted} is no key of {table._meta.verbose_name}") from None
    if found is None:
        raise Http404(f"no row of {table._meta.verbose_name} has {wanted}")
    return HttpResponseRedirect(reverse(f"admin:warehouse_{model}_change", args=[found]))
