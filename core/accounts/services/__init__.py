"""The verbs of accounts, for the storefront, the panel and the command line.

Every verb that checks a secret takes `address`, the client's (`request.remote_addr`), and counts the attempt. Links in
messages: a view hands over the absolute address of its page with `TOKEN` where the token goes.
"""

from __future__ import annotations

from core.accounts.services.addresses import addresses_of, get_address, remove_address, save_address
from core.accounts.services.devices import device
from core.accounts.services.emails import confirm_email, new_email, request_email
from core.accounts.services.erasure import GRACE, due_for_erasure, erase, erase_for, keep_account, request_erasure
from core.accounts.services.links import TOKEN, LinkOver
from core.accounts.services.login import (
    Visitor,
    current_shopper,
    current_staff,
    init_app,
    login_shopper,
    login_staff,
    logout,
    visitor,
)
from core.accounts.services.passwords import (
    WrongLogin,
    WrongPassword,
    change_password,
    check_reset,
    prove,
    request_reset,
    reset_password,
)
from core.accounts.services.permissions import Permission, permissions
from core.accounts.services.roles import (
    BeyondOwnRights,
    LastOwner,
    delete_role,
    ensure_roles,
    held_by,
    may,
    roles,
    save_role,
    set_roles,
)
from core.accounts.services.shoppers import (
    EmailTaken,
    authenticate,
    confirm_registration,
    disable_shopper,
    enable_shopper,
    find_shopper,
    get_shopper,
    open_account,
    register_shopper,
    shopper_ids,
    update_shopper,
)
from core.accounts.services.staff import (
    Invited,
    OneTimePasswordOver,
    add_staff,
    all_staff,
    authenticate_staff,
    disable_staff,
    enable_staff,
    ensure_owner,
    get_staff,
    renew_one_time_password,
    update_staff,
)
from core.kernel.sessions import end_session, end_sessions, sessions_of

__all__ = [
    "GRACE",
    "TOKEN",
    "BeyondOwnRights",
    "EmailTaken",
    "Invited",
    "LastOwner",
    "LinkOver",
    "OneTimePasswordOver",
    "Permission",
    "Visitor",
    "WrongLogin",
    "WrongPassword",
    "add_staff",
    "addresses_of",
    "all_staff",
    "authenticate",
    "authenticate_staff",
    "change_password",
    "check_reset",
    "confirm_email",
    "confirm_registration",
    "current_shopper",
    "current_staff",
    "delete_role",
    "device",
    "disable_shopper",
    "disable_staff",
    "due_for_erasure",
    "enable_shopper",
    "enable_staff",
    "end_session",
    "end_sessions",
    "ensure_owner",
    "ensure_roles",
    "erase",
    "erase_for",
    "find_shopper",
    "get_address",
    "get_shopper",
    "get_staff",
    "held_by",
    "init_app",
    "keep_account",
    "login_shopper",
    "login_staff",
    "logout",
    "may",
    "new_email",
    "open_account",
    "permissions",
    "prove",
    "register_shopper",
    "remove_address",
    "renew_one_time_password",
    "request_email",
    "request_erasure",
    "request_reset",
    "reset_password",
    "roles",
    "save_address",
    "save_role",
    "sessions_of",
    "set_roles",
    "shopper_ids",
    "update_shopper",
    "update_staff",
    "visitor",
]
