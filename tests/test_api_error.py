"""Every error of the API has a status of its kind and a sentence in both languages."""

from __future__ import annotations

import string
from typing import Any

import pytest

from portal.web.api_error import ApiError, list_error_kinds


@pytest.mark.parametrize("code", list_error_kinds())
def test_every_error_speaks_both_languages(code: str) -> None:
    kind = list_error_kinds()[code]
    blanks = {name for _, name, _, _ in string.Formatter().parse(kind.detail.en) if name}
    assert blanks == {name for _, name, _, _ in string.Formatter().parse(kind.detail.vi) if name}
    words: dict[str, Any] = dict.fromkeys(blanks, "X")
    error = ApiError(code, **words)
    body = error.write_body()
    assert (body["type"], body["title"], body["status"]) == (f"/developers/api/#{code}", code, kind.status)
    assert body["detail"] == body["error"] != body["detail_vi"]
    assert "{" not in body["detail"] + body["detail_vi"]
    assert body["ok"] is False
