"""Which services of apprise may be named: by the scheme of their URL, without apprise itself. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from stream.net.urls import URL_CODE_POINTS_MAX

NOT_ALLOWED = {
    **dict.fromkeys(
        ("json", "jsons", "xml", "xmls", "form", "forms", "http", "https", "apprise", "apprises"),
        "a destination of type webhook, which is guarded and signed",
    ),
    **dict.fromkeys(
        ("syslog", "dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "sysinfo", "exec", "file"),
        "a service that is not this machine",
    ),
}
"""Schemes that would go round the guard of requests, or do something here; and what to use."""

_UNSAFE = {"verify": ("no", "false", "0"), "redirect": ("yes", "true", "1")}


def service_fault(url: str) -> tuple[str, str] | None:
    """What is wrong with an apprise URL, as (found, expected), without anything of it but its scheme; None: nothing."""
    scheme, separator, rest = url.partition("://")
    if not separator or not rest or not scheme.isascii() or not scheme.replace("-", "").isalnum():
        return "something else", "a URL as apprise has them, such as slack://…"
    if len(url) > URL_CODE_POINTS_MAX or not url.isprintable():
        return f"a {scheme}:// URL that is too long or not printable", f"at most {URL_CODE_POINTS_MAX} characters"
    instead = NOT_ALLOWED.get(scheme.lower())
    if instead is not None:
        return f"the service {scheme}://", instead
    try:
        options = dict(parse_qsl(urlsplit(url).query))
    except ValueError:
        return f"a {scheme}:// URL that cannot be read", "a URL as apprise has them"
    for option, values in _UNSAFE.items():
        if options.get(option, "").lower() in values:
            return f"{option}={options[option]} on {scheme}://", f"a URL without {option}="
    return None
