"""Tell whether files were published by the portal, and when. Exit status: 0 all were, 1 not all, 2 could not run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from portal.data.tree import digest_file
from portal.releases.ledger import LEDGER, PUBLISHED, check_ledger, find_publication, suggest_file

if TYPE_CHECKING:
    from portal.releases.ledger import Ledger

PROJECT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 30.0
KNOWN = (
    "{path}: đã công bố là {file}, từ bản {first} ({since}) đến bản {last}{newest}. / "
    "published as {file}, from release {first} ({since_en}) to release {last}{newest_en}."
)
NEWEST, NEWEST_EN = ", là bản mới nhất", ", the newest"
UNKNOWN = "{path}: không phải tệp cổng đã công bố. / not a file that the portal published."
HINT = (
    "  Gần nhất là {file}: tệp này có thể đã bị sửa, bị Excel lưu lại, hoặc tải chưa hết. Hãy tải lại. / "
    "The nearest is {file}: yours may have been edited, saved again by Excel, or cut short. Download it again."
)


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Xem tệp đang giữ có phải tệp cổng đã công bố không / see whether files are published ones.",
        epilog="0: mọi tệp đều đúng / all are; 1: có tệp không phải / one is not; 2: không chạy được / could not run",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="tệp đang giữ / a file that you hold")
    parser.add_argument("--url", help="hỏi một cổng đang chạy / ask a running portal")
    parser.add_argument("--build", type=Path, default=PROJECT / "build", help="hoặc nơi đã dựng / or its build folder")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = parse_arguments(argv)
    try:
        ledger = _fetch_ledger(arguments.url) if arguments.url else _read_ledger(arguments.build)
    except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        return _fail(f"không đọc được sổ công bố / the ledger cannot be read: {error}")
    try:
        published = [_report(path, ledger) for path in arguments.files]
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}")
    return 0 if all(published) else 1


def _fetch_ledger(url: str) -> Ledger:
    answer = httpx.get(f"{url.rstrip('/')}/data/{PUBLISHED}", timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return check_ledger(answer.json())


def _read_ledger(build: Path) -> Ledger:
    return check_ledger(json.loads((build / LEDGER).read_text("utf-8")))


def _report(path: Path, ledger: Ledger) -> bool:
    """Print what is known of a file; return whether it was published."""
    sha256 = digest_file(path)
    found = find_publication(ledger, sha256)
    if found:
        since = found.first["built_at"][:10]
        newest, newest_en = (NEWEST, NEWEST_EN) if found.newest else ("", "")
        print(
            KNOWN.format(
                path=path, file=found.file, first=found.first["id"], last=found.last["id"],
                since="/".join(reversed(since.split("-"))), since_en=since, newest=newest, newest_en=newest_en,
            )
        )  # fmt: skip
        return True
    print(UNKNOWN.format(path=path))
    if nearest := suggest_file(ledger, path.name):
        print(HINT.format(file=nearest))
    return False


def _fail(message: str) -> int:
    print(f"Không chạy được / could not run: {' '.join(message.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
