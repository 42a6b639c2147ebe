"""Who is at the other end of this session, and what they may do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAuthError

from av1core import settings
from av1core.access import Access, decide, verified_address
from av1core.translation import message
from pages._ui.text import plain
from pages._ui.words import tell


def access() -> Access:
    """The access of this session, from the environment, the secrets and the login."""
    try:
        login = _login()
    except (OSError, ValueError) as error:
        # It may hold the login that tells who may.
        return Access(
            message(
                "The secrets of this server cannot be read, so nobody may launch or change runs: {error}",
                error=str(error),
            )
        )
    return decide(settings.readonly(), login is not None, verified_address(st.user), settings.launchers())


def may_change() -> bool:
    """Whether to offer what changes something; if not, a notice says why. The core refuses it in any case."""
    current = access()
    if not current.may_change:
        st.info(plain(tell(current.reason)), icon=":material/visibility:")
    return current.may_change


def author() -> str:
    """The verified address of whoever is at the other end; empty where no login tells it."""
    return verified_address(st.user) or ""


def login_button() -> None:
    """Who is logged in, and a button to log in or out, where a login is configured."""
    try:
        login = _login()
    except (OSError, ValueError):
        return
    if login is None:
        return
    if st.user.get("is_logged_in"):
        st.caption(plain(str(st.user.get("email") or st.user.get("name") or tell("Logged in"))))
        if st.button(tell("Log out"), icon=":material/logout:", width="stretch"):
            st.logout()
        return
    providers = [name for name, value in login.items() if isinstance(value, Mapping) and "client_id" in value]
    for provider in providers or [None]:
        title = tell("Log in with {provider}", provider=plain(provider)) if provider else tell("Log in")
        if st.button(title, icon=":material/login:", width="stretch"):
            try:
                st.login(provider)
            except StreamlitAuthError as error:
                st.error(plain(str(error)), icon=":material/error:")


def _login() -> Mapping[str, Any] | None:
    """The section [auth] of the secrets; None where no login is configured. OSError or ValueError where unreadable."""
    if st.secrets.load_if_toml_exists():
        return st.secrets.get("auth")
    for file in st.get_option("secrets.files"):
        if Path(file).exists():
            raise ValueError(f"{file} is no valid TOML.")
    return None
