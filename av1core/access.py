"""Who may change things: launch, stop and delete runs, build datasets. Everybody may look and export."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import wraps

from av1core import settings
from av1core.errors import AccessError
from av1core.translation import message


@dataclass(frozen=True)
class Access:
    """Who may change things: everybody if `reason` is empty, else nobody, and why."""

    reason: str = ""

    @property
    def may_change(self) -> bool:
        return not self.reason

    def require(self) -> None:
        """AccessError, with the reason, unless things may be changed."""
        if not self.may_change:
            raise AccessError(self.reason)


EVERYBODY = Access()


def changes(method):
    """Mark a method as one that changes something: it raises AccessError where the object's `access` forbids it."""

    @wraps(method)
    def guarded(self, *args, **kwargs):
        self.access.require()
        return method(self, *args, **kwargs)

    guarded.changes = True
    return guarded


def decide(readonly: bool, login_configured: bool, email: str | None, launchers: Collection[str]) -> Access:
    """The access of a session of the dashboard.

    email: as `verified_address` gives it. launchers: the addresses that may change things, in any case of letters.
    Without a login everybody may, since the server listens on localhost; but a list of addresses that no login can
    tell apart lets nobody.
    """
    if readonly:
        return Access(message("This dashboard is read-only (AV1LAB_READONLY). It can look and export."))
    if not login_configured:
        if launchers:
            return Access(
                message("AV1LAB_LAUNCHERS says who may launch, but no login is configured to tell who you are.")
            )
        return EVERYBODY
    if email is None:
        return Access(message("Log in to launch or change runs."))
    if not launchers:
        return Access(message("Nobody may launch or change runs: AV1LAB_LAUNCHERS names no address."))
    if not email:
        return Access(message("Your login gives no verified e-mail address, so you can look and export only."))
    if _folded(email) not in map(_folded, launchers):
        return Access(
            message("{email} may look and export only: it is not among the addresses in AV1LAB_LAUNCHERS.", email=email)
        )
    return EVERYBODY


def verified_address(claims: Mapping[str, object]) -> str | None:
    """The e-mail address in the claims of an OIDC login; empty if there is none that counts, None if nobody is in.

    An address that the provider calls unverified does not count: whoever has it may just have typed it.
    """
    if claims.get("is_logged_in") is not True:
        return None
    email, verified = claims.get("email"), claims.get("email_verified", True)
    return email.strip() if isinstance(email, str) and verified in (True, "true") else ""


def of_environment() -> Access:
    """The access of a command: whoever runs it can write the files anyway, so that only AV1LAB_READONLY counts."""
    if settings.readonly():
        return Access(message("AV1LAB_READONLY is set: commands can look and export, but change nothing."))
    return EVERYBODY


def _folded(address: str) -> str:
    # Beyond ASCII, lower case makes one of letters that belong to different mailboxes, such as the Kelvin sign and k.
    return address.lower() if address.isascii() else address
