"""Base class of the pages whose rows are edited in the admin: actions obey permissions, hostile input is refused."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse

from web.admin.base import ModelAdmin

# Endings of the look-ups that Django's filters use in addresses. Regular expressions are not among them.
_ENDINGS = frozenset({"", "exact", "id__exact", "isnull"})


class EditableAdmin(ModelAdmin):
    """Pages of rows that operators or administrators edit. Each change is in the admin's log.

    An action that the user may not run is refused with status 403; Django would answer that no action was chosen.
    Keys and look-ups that no page of the admin sends are refused with status 400 or 404.
    """

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if any(
            "\0" in value
            for sent in (request.GET, request.POST)
            for values in sent.lists()
            for value in values[1]
        ):
            raise BadRequest("A value contains a null character.")
        name = request.POST.get("action", "")
        if name and name not in self.get_actions(request) and self._is_action(name):
            raise PermissionDenied
        for key in request.POST.getlist("_selected_action"):
            self._check_key(key)
        return super().changelist_view(request, extra_context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        field, _, ending = lookup.partition("__")
        declared = {name for name in self.list_filter if isinstance(name, str)}
        return field in declared and ending in _ENDINGS

    def _is_action(self, name: str) -> bool:
        return any(name == known for _, known, _ in self._get_base_actions())  # type: ignore[attr-defined]

    def _check_key(self, key: str) -> None:
        try:
            self.model._meta.pk.to_python(key)
        except ValidationError as error:
            raise BadRequest("A selected row has a key that no row can have.") from error
