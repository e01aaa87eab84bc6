"""Settings: `metadata.yml`, the portal's own words and addresses, read once and passed on as a value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_EXAMPLE = re.compile(r"[@.](?:example(?:\.(?:com|net|org))?|invalid|test)$")


class SettingsError(ValueError):
    """`metadata.yml` is missing, is not YAML or lacks a text; the message says which, in both languages."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the portal says of itself, and what Datasette is told beyond the descriptors."""

    title: Text
    description: Text
    publisher: Text
    license: str
    license_url: str
    contact: str
    site_url: str
    featured: tuple[str, ...]
    datasette: Mapping[str, Any] = field(repr=False)

    @property
    def is_local(self) -> bool:
        """Tell whether the portal's address is one that only its own machine can open: nobody gave it another yet."""
        return urlsplit(self.site_url).hostname in {"localhost", "127.0.0.1", "::1"}

    @property
    def is_reachable(self) -> bool:
        """Tell whether reports can arrive: not at an address of a domain that is reserved for examples (RFC 2606)."""
        return not _EXAMPLE.search(self.contact.lower())


def read_settings(path: Path) -> Settings:
    """Read `metadata.yml`; raise SettingsError with place and cure."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: không phải YAML / not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise SettingsError(f"{path}: cần là một bảng khóa–giá trị / must be a mapping")
    return Settings(
        title=Text(_take(raw, "title", path), _take(raw, "title_en", path)),
        description=Text(_take(raw, "description", path), _take(raw, "description_en", path)),
        publisher=Text(_take(raw, "publisher", path), _take(raw, "publisher_en", path)),
        license=_take(raw, "license", path),
        license_url=_take(raw, "license_url", path),
        contact=_take(raw, "contact", path),
        site_url=_take(raw, "site_url", path).rstrip("/") + "/",
        featured=tuple(map(str, _take(raw, "featured", path, list, []))),
        datasette=_take(raw, "datasette", path, dict, {}),
    )


def _take(raw: Mapping[str, Any], name: str, path: Path, kind: type = str, default: Any = None) -> Any:
    """Return the value of `name`; raise SettingsError where it is missing without default, or of another kind."""
    if name not in raw and default is None:
        raise SettingsError(f"{path}: thiếu / lacks {name!r}")
    value = raw.get(name, default)
    if not isinstance(value, kind):
        raise SettingsError(f"{path}: {name!r} cần kiểu / must be {kind.__name__}: {value!r}")
    return value
