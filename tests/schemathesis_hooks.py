"""What schemathesis must know of the API beyond its document; read by `schemathesis run` (SCHEMATHESIS_HOOKS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemathesis

if TYPE_CHECKING:
    from schemathesis import Case, HookContext

# The place of a page comes out of the answer before it, and a condition must be SQL: made-up ones are refused, as
# the document says in words.
_NOT_MADE_UP = {"_next", "_where"}


@schemathesis.hook
def filter_case(context: HookContext, case: Case[Any]) -> bool:  # noqa: ARG001 - schemathesis' signature
    """Keep the requests that the document allows in words as well as in its schemas."""
    query = set(case.query or {})
    return not query & _NOT_MADE_UP and not {"_sort", "_sort_desc"} <= query
