"""What the API says when it cannot answer: a code, a status, and one sentence in both languages.

The body is that of RFC 9457 (problem details), with Datasette's own `ok` and `error` beside it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM_TYPE = "application/problem+json"
# Where each code is explained.
CODES_PAGE = "/developers/api/#"
_ERRORS = Path(__file__).with_name("api_errors.toml")


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One entry of api_errors.toml; words in braces are still to be filled in."""

    code: str
    status: int
    detail: Text


class ApiError(Exception):
    """A request that gets no answer; `kind` is a code of api_errors.toml, `words` fill its sentence."""

    def __init__(self, code: str, *, retry_after: int = 0, **words: object) -> None:
        kind = list_error_kinds()[code]
        super().__init__(kind.detail.en.format(**words))
        self.code, self.status, self.retry_after = code, kind.status, retry_after
        self.detail = Text(kind.detail.vi.format(**words), str(self))

    def write_body(self) -> dict[str, Any]:
        """Return the body of the answer, to be written as JSON."""
        return {
            "type": f"{CODES_PAGE}{self.code}",
            "title": self.code,
            "status": self.status,
            "detail": self.detail.en,
            "detail_vi": self.detail.vi,
            "ok": False,
            "error": self.detail.en,
        }


@cache
def list_error_kinds() -> Mapping[str, ErrorKind]:
    """Return every code, in the order of the file."""
    raw = tomllib.loads(_ERRORS.read_text("utf-8"))
    return {code: ErrorKind(code, one["status"], Text(one["vi"], one["en"])) for code, one in raw.items()}
