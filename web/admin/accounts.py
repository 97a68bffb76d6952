"""Pages of users and groups. Administrators edit them; only a superuser edits superusers and makes new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from web.admin.editable import EditableAdmin

if TYPE_CHECKING:
    DjangoUserAdmin = UserAdmin[User]
else:
    DjangoUserAdmin = UserAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


class AccountForm(UserCreationForm):
    """The form of a new account. The admin's script focuses its first field, as in every form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Chromium complains when a script was quicker than the attribute.
        self.fields["username"].widget.attrs.pop("autofocus")


@admin.register(Group)
class GroupPage(GroupAdmin, EditableAdmin):
    """Groups: viewer, operator, administrator, and others that administrators add."""


@admin.register(User)
class UserPage(DjangoUserAdmin, EditableAdmin):  # type: ignore[misc]  # of `lookup_allowed`, which calls the other
    """Accounts. Without these limits an administrator could become a superuser, or log in as one."""

    form = UserChangeForm
    add_form = AccountForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "role", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")

    @admin.display(description="groups")
    def role(self, user: User) -> str:
        if user.is_superuser:
            return "superuser"
        return ", ".join(group.name for group in user.groups.all()) or "none"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request, obj) and super().has_delete_permission(request, obj)

    @staticmethod
    def _may_edit(request: HttpRequest, user: Any) -> bool:
        return request.user.is_superuser or not getattr(user, "is_superuser", False)
