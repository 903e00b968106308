"""People who work here and what their roles allow: for owners and those who may give rights."""

from __future__ import annotations

from flask import Response, request, url_for

from core.accounts import services as accounts
from core.accounts.models import Staff
from core.accounts.services import factor, passkeys
from core.kernel import db, i18n, sessions
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.lib.errors import NotFound, Refused, Unfit
from core.panel.activity import services as log
from core.panel.forms import PanelForm
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once
from core.panel.staff import services
from core.panel.staff.forms import RoleForm, StaffForm

may_edit = staff("staff.edit", everywhere=True)


@panel.get("/installation/staff", endpoint="staff")
@may_edit
def show() -> Response:
    """Everybody, and the matrix of roles."""
    return page("staff.html", people=services.people(), roles=accounts.roles(), groups=services.groups())


@panel.get("/installation/staff/new", endpoint="staff_new")
@may_edit
def ask_new() -> Response:
    """The form for somebody new."""
    form = StaffForm()
    del form.active
    return _person_page(form, [], None, [])


@panel.post("/installation/staff/new", endpoint="staff_new_save")
@may_edit
def add() -> Response:
    """Add somebody; the one-time password is shown on the page that answers, and nowhere else."""
    form = StaffForm(request.form)
    del form.active
    held = services.wanted(request.form)
    if not form.validate():
        return _person_page(form, form.problems, None, held, status=422)
    try:
        invited = accounts.add_staff(
            form.email.data, name=form.name.data, is_owner=_owner_wanted(form), language=i18n.language(), actor=actor()
        )
        accounts.set_roles(invited.staff.id, held, is_owner=_owner_wanted(form), actor=actor())
    except Refused as refusal:
        return _person_page(form, _refused(form, refusal), None, held, status=422)
    return _person_page(_form_of(invited.staff), [], invited.staff, held, one_time=invited.one_time_password)


@panel.get("/installation/staff/<int:staff_id>", endpoint="staff_edit")
@may_edit
def edit(staff_id: int) -> Response:
    """One person."""
    person = accounts.get_staff(staff_id)
    return _person_page(_form_of(person), [], person, accounts.held_by(staff_id))


@panel.post("/installation/staff/<int:staff_id>", endpoint="staff_edit_save")
@may_edit
def save(staff_id: int) -> Response:
    """Change who somebody is, what they hold, and whether they may sign in."""
    person, form, held = accounts.get_staff(staff_id), StaffForm(request.form), services.wanted(request.form)
    if other := log.meanwhile(request.form.get("version"), f"staff:{staff_id}"):
        return _person_page(form, [("", other)], person, held, status=409)
    if not form.validate():
        return _person_page(form, form.problems, person, held, status=422)
    try:
        accounts.update_staff(
            staff_id, email=form.email.data, name=form.name.data, language=person.language, actor=actor()
        )
        accounts.set_roles(
            staff_id, held, is_owner=person.is_owner if not shell().visitor.is_owner else form.owner.data, actor=actor()
        )
        if form.active.data != (person.disabled_at is None):
            (accounts.enable_staff if form.active.data else accounts.disable_staff)(staff_id, actor=actor())
    except Refused as refusal:
        return _person_page(form, _refused(form, refusal), person, held, status=422)
    return to("panel.staff", say=_("%(person)s is saved.", person=form.name.data or form.email.data))


@panel.post("/installation/staff/<int:staff_id>/password", endpoint="staff_password")
@may_edit
def renew(staff_id: int) -> Response:
    """Give somebody a new one-time password, shown once on the page that answers."""
    if accounts.get_staff(staff_id).is_owner and not shell().visitor.is_owner:
        raise NotFound
    invited = accounts.renew_one_time_password(staff_id, actor=actor())
    return _person_page(
        _form_of(invited.staff), [], invited.staff, accounts.held_by(staff_id), one_time=invited.one_time_password
    )


@panel.post("/installation/staff/<int:staff_id>/second-factor", endpoint="staff_factor")
@may_edit
def remove_factor(staff_id: int) -> Response:
    """Take somebody's second factor and passkeys away: the phone is lost."""
    person = accounts.get_staff(staff_id)
    if person.is_owner and not shell().visitor.is_owner:
        raise NotFound
    passkeys.forget_device(person, actor=actor())
    return to("panel.staff_edit", say=_("This person signs in without a code now."), staff_id=staff_id)


@panel.post("/installation/staff/<int:staff_id>/sessions", endpoint="staff_sessions")
@may_edit
def end_sessions(staff_id: int) -> Response:
    """Sign somebody out everywhere."""
    with db.transaction():
        sessions.end_sessions(staff_id=accounts.get_staff(staff_id).id)
    return to("panel.staff_edit", say=_("All sessions of this person are ended."), staff_id=staff_id)


@panel.get("/installation/roles/new", endpoint="role_new")
@may_edit
def ask_new_role() -> Response:
    """The form for a new role."""
    return _role_page(RoleForm(), [], _("New role"), set())


@panel.post("/installation/roles/new", endpoint="role_new_save")
@may_edit
@once("panel.staff")
def add_role() -> Response:
    """Make a role."""
    return _save_role(None, _("New role"))


@panel.get("/installation/roles/<int:role_id>", endpoint="role_edit")
@may_edit
def edit_role(role_id: int) -> Response:
    """One role."""
    role = services.role_of(role_id)
    if role is None:
        raise NotFound
    return _role_page(RoleForm(data={"name": role.name}), [], _(role.name), set(role.permissions), role_id)


@panel.post("/installation/roles/<int:role_id>", endpoint="role_edit_save")
@may_edit
def save_role(role_id: int) -> Response:
    """Change what a role may do."""
    return _save_role(role_id, _("Role"))


@panel.post("/installation/roles/<int:role_id>/delete", endpoint="role_delete")
@may_edit
def delete_role(role_id: int) -> Response:
    """Delete a role that nobody holds."""
    role = services.role_of(role_id)
    if role is None:
        raise NotFound
    try:
        accounts.delete_role(role_id, actor=actor())
    except Refused as refusal:
        return to("panel.role_edit", say=i18n.say(refusal), kind="bad", role_id=role_id)
    again = url_for("panel.role_new_save", name=role.name, permissions=role.permissions)
    return to("panel.staff", say=_("The role is deleted."), undo=again)


def _save_role(role_id: int | None, title: str) -> Response:
    form, chosen = RoleForm(request.values), set(request.values.getlist("permissions"))
    if role_id and (other := log.meanwhile(request.form.get("version"), f"role:{role_id}")):
        return _role_page(form, [("", other)], title, chosen, role_id, 409)
    if not form.validate():
        return _role_page(form, form.problems, title, chosen, role_id, 422)
    try:
        accounts.save_role(role_id, name=form.name.data, permissions=chosen, actor=actor(), key=form_key())
    except Unfit as refusal:
        return _role_page(form, _refused(form, refusal), title, chosen, role_id, 422)
    return to("panel.staff", say=_("The role is saved."))


def _owner_wanted(form: StaffForm) -> bool:
    """Only an owner makes owners."""
    return bool(form.owner.data) and shell().visitor.is_owner


def _form_of(person: Staff) -> StaffForm:
    return StaffForm(
        data={
            "email": person.email,
            "name": person.name,
            "owner": person.is_owner,
            "active": person.disabled_at is None,
        }
    )


def _person_page(
    form: StaffForm,
    problems: list[tuple[str, str]],
    person: Staff | None,
    held: list[tuple[int, int | None]],
    *,
    one_time: str = "",
    status: int = 200,
) -> Response:
    title = (form.name.data or form.email.data) if person else _("Add someone")
    said = _("Save") if person else _("Add and show a one-time password")
    return page(
        "staff_edit.html",
        status,
        form=form,
        problems=problems,
        person=person,
        version=log.latest(f"staff:{person.id}") if person else 0,
        has_factor=person is not None and (factor.is_asked(person) or bool(passkeys.passkeys_of(person))),
        title=title,
        places=services.places(held),
        one_time=one_time,
        act_text=said,
        target=url_for("panel.staff_edit", staff_id=person.id) if person else url_for("panel.staff_new"),
    )


def _role_page(
    form: RoleForm,
    problems: list[tuple[str, str]],
    title: str,
    chosen: set[str],
    role_id: int | None = None,
    status: int = 200,
) -> Response:
    return page(
        "role_edit.html",
        status,
        form=form,
        problems=problems,
        title=title,
        groups=services.groups(),
        chosen=chosen,
        role_id=role_id,
        version=log.latest(f"role:{role_id}") if role_id else 0,
    )


def _refused(form: PanelForm, refusal: Refused) -> list[tuple[str, str]]:
    """What the service refused, each beside its field where there is one."""
    if not isinstance(refusal, Unfit):
        return form.refuse(refusal.field, i18n.say(refusal))
    problems = []
    for name, message in refusal.errors.items():
        problems = form.refuse(name, _(message))
    return problems
