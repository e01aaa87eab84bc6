"""Compare all forms of a running portal, from outside. Exit status: 0 agree, 1 differ, 2 could not run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from portal.proofs.agreement import Proof
from portal.proofs.outside import AGENT, MOST_ROWS, Outsider, Portal, UnreachableError
from portal.proofs.reread import FormError
from portal.words.number import format_number

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMEOUT_SECONDS = 60.0


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="So mọi dạng của các bộ dữ liệu trên một cổng đang chạy / compare all forms of a running portal.",
        epilog="0: khớp / agree; 1: có chỗ lệch / differ; 2: không chạy được / could not run",
    )
    parser.add_argument("url", help="địa chỉ của cổng / the portal's address, such as http://127.0.0.1:8000/")
    parser.add_argument("datasets", nargs="*", help="tên bộ dữ liệu, mặc định là tất cả / names, by default all")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = parse_arguments(argv)
    client = httpx.Client(headers={"User-Agent": AGENT}, timeout=TIMEOUT_SECONDS)
    try:
        with client, tempfile.TemporaryDirectory() as folder:
            return _compare(Outsider(Portal(arguments.url, client), Path(folder)), arguments.datasets)
    except UnreachableError as error:
        return _fail(f"không có cổng ở {arguments.url} / there is no portal there: {error}")
    except (httpx.HTTPError, FormError) as error:
        return _fail(f"cổng không trả lời được / the portal fell silent: {type(error).__name__}: {error}")
    except OSError as error:
        return _fail(str(error))


def _compare(outsider: Outsider, wanted: Iterable[str]) -> int:
    known = outsider.list_datasets()
    chosen = list(wanted) or sorted(known)
    if unknown := [name for name in chosen if name not in known]:
        return _fail(f"không có bộ dữ liệu / no such dataset: {', '.join(unknown)}")
    outsider.fetch_database()
    total = Proof()
    for name in chosen:
        proof = outsider.compare(known[name])
        _print_proof(name, proof)
        total += proof
    forms = len({one.form for one in total.comparisons})
    cells = sum(one.cells for one in total.comparisons)
    vi, en = format_number(cells, "vi"), format_number(cells, "en")
    print(f"{vi} ô trong {forms} dạng, {len(total.findings)} chỗ lệch. / {en} cells in {forms} forms, "
          f"{len(total.findings)} differences.")  # fmt: skip
    _print_left_out(total)
    return 1 if total.findings else 0


def _print_proof(name: str, proof: Proof) -> None:
    for finding in proof.findings:
        print(finding.render("vi"), file=sys.stderr)
        print(f"  {finding.message_en}\n  Cure: {finding.cure_en}", file=sys.stderr)
    cells = sum(one.cells for one in proof.comparisons)
    vi, en = format_number(cells, "vi"), format_number(cells, "en")
    forms = len(proof.comparisons)
    print(f"{name}: {vi} ô khớp trong {forms} dạng / {en} cells agree in {forms} forms", flush=True)


def _print_left_out(proof: Proof) -> None:
    """Say which forms were not compared: what says nothing of them would be taken for a proof."""
    forms: dict[str, list[str]] = {}
    for one in proof.left_out:
        forms.setdefault(one.table, []).append(one.form)
    if forms:
        named = "; ".join(f"{table}: {', '.join(every)}" for table, every in sorted(forms.items()))
        vi, en = format_number(MOST_ROWS, "vi"), format_number(MOST_ROWS, "en")
        print(f"Chưa so, vì bảng có hơn {vi} dòng: {named}. / Not compared, the tables having more than {en} rows: "
              f"{named}.")  # fmt: skip


def _fail(message: str) -> int:
    print(f"Không chạy được / could not run: {' '.join(message.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
