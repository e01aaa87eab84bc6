"""Check data packages and print what was found. Exit status: 0 no blocker, 1 blockers, 2 could not run."""

from __future__ import annotations

import argparse
import io
import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.checks.check import check_packages
from portal.checks.rules import RULES_NEEDING_TEXTS
from portal.data.descriptor import Loaded, read_packages
from portal.data.finding import find_blockers

if TYPE_CHECKING:
    from portal.data.finding import Finding
    from portal.words.text import Language

DATAPACKAGES = Path("datapackages")
LOCAL_TIME = ZoneInfo("Asia/Ho_Chi_Minh")


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Kiểm tra các gói dữ liệu / check data packages.",
        epilog="0: không có lỗi chặn / no blocker; 1: có lỗi chặn / blockers; 2: không chạy được / could not run",
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="thư mục hoặc datapackage.json")
    parser.add_argument("--lang", choices=("vi", "en"), default="vi")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--root", type=Path, default=DATAPACKAGES, help="kho gói dữ liệu / where packages lie")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = parse_arguments(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a cell or file name may hold what a terminal cannot show
    missing = next((path for path in [arguments.root, *arguments.paths] if not _exists(path)), None)
    if missing is not None:
        print(f"Không có «{missing}» / there is no “{missing}”.", file=sys.stderr)
        return 2
    everything = read_packages(arguments.root)
    chosen = read_packages(arguments.root, tuple(arguments.paths)) if arguments.paths else everything
    today = datetime.now(LOCAL_TIME).date()
    checked = check_packages(chosen.packages, everything.packages, today, everything.unread)
    findings = sorted([*chosen.findings, *checked])
    if arguments.format == "json":
        print_json(chosen, findings)
    else:
        print_text(chosen, findings, arguments.lang)
    return 1 if find_blockers(findings) else 0


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder above it may not be looked into
        return False


def print_json(loaded: Loaded, findings: list[Finding]) -> None:
    """Print one JSON object: how many packages were read, and every finding."""
    report = {
        "packages": len(loaded.packages),
        "rules_not_checked": list(RULES_NEEDING_TEXTS),
        "findings": [asdict(finding) for finding in findings],
    }
    print(json.dumps(report, ensure_ascii=False, indent=2))


def print_text(loaded: Loaded, findings: list[Finding], language: Language) -> None:
    """Print every finding and one closing line."""
    for finding in findings:
        print(finding.render(language))
    blockers = len(find_blockers(findings))
    warnings = len(findings) - blockers
    left = ", ".join(map(str, RULES_NEEDING_TEXTS))
    if language == "vi":
        print(f"{len(loaded.packages)} gói đọc được: {blockers} lỗi chặn, {warnings} cảnh báo.")
        print(
            f"Chưa kiểm tra quy tắc {left} (số liệu có đúng chỗ trong tài liệu không; chữ số nào của tài liệu "
            "còn bỏ sót): cần văn bản nguồn, hãy chạy make verify SOURCES=…"
        )
    else:
        packages = _count(len(loaded.packages), "package")
        print(f"{packages} read: {_count(blockers, 'blocker')}, {_count(warnings, 'warning')}.")
        print(
            f"Rules {left} (does each figure stand at its place; is any digit of a document left over) "
            "were not checked: they need the source texts, run make verify SOURCES=…"
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


if __name__ == "__main__":
    sys.exit(main())
