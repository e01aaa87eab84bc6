"""Hold every published figure against the source texts. Exit status: 0 all stand, 1 blockers, 2 could not run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portal.checks.coverage import show_surroundings
from portal.checks.evidence import verify_sources
from portal.checks.source_file import check_files
from portal.data.descriptor import read_packages
from portal.data.finding import find_blockers

if TYPE_CHECKING:
    from portal.checks.evidence import Verification
    from portal.words.text import Language

DATAPACKAGES = Path("datapackages")
_HEADER = {
    "vi": ("tài liệu", "cụm chữ số", "đã đăng", "đã loại", "chưa tính"),
    "en": ("document", "figures", "published", "excluded", "unaccounted"),
}


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="So từng số liệu với văn bản nguồn / hold every figure against the source texts.",
        epilog="0: khớp hết / all stand; 1: có lỗi chặn / blockers; 2: không chạy được / could not run",
    )
    parser.add_argument("--sources", default="", help="thư mục chứa văn bản / folder with the texts")
    parser.add_argument("--lang", choices=("vi", "en"), default="vi")
    parser.add_argument("--root", type=Path, default=DATAPACKAGES, help="kho gói dữ liệu / where packages lie")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = parse_arguments(argv)
    if not arguments.sources or not Path(arguments.sources).is_dir():
        print(
            f"Không có thư mục văn bản «{arguments.sources}»; chưa kiểm tra gì. / "
            f"There is no folder of texts “{arguments.sources}”; nothing was checked. (make verify SOURCES=…)",
            file=sys.stderr,
        )
        return 2
    loaded = read_packages(arguments.root)
    faults = [*loaded.findings, *(one for package in loaded.packages for one in find_blockers(check_files(package)))]
    for finding in faults:
        print(finding.render(arguments.lang), file=sys.stderr)
    if faults:
        return 2
    verification = verify_sources(loaded.packages, Path(arguments.sources))
    if not verification.coverage and not verification.findings:
        print(
            f"Không có tài liệu nào được đăng ký trong «{arguments.root}»; chưa kiểm tra gì. / "
            f"No document is registered in “{arguments.root}”; nothing was checked.",
            file=sys.stderr,
        )
        return 2
    print_verification(verification, arguments.lang)
    return 1 if find_blockers(verification.findings) else 0


def print_verification(verification: Verification, language: Language) -> None:
    """Print the account of every document, then the findings, unaccounted digits with what stands around them."""
    print("  ".join(f"{name:>12}" for name in _HEADER[language]))
    for account in verification.coverage:
        cells = (account.source, account.figures, account.published, account.excluded, len(account.unaccounted))
        print("  ".join(f"{cell:>12}" for cell in cells))
    for finding in verification.findings:
        print(finding.render(language))
    for account in verification.coverage:
        for span in account.unaccounted:
            around = show_surroundings(verification.texts[account.source], span)
            print(f"  {account.source} {span.line}:{span.start}  … {around} …")
    unaccounted = sum(len(account.unaccounted) for account in verification.coverage)
    mismatches = len(find_blockers(verification.findings)) - unaccounted
    if language == "vi":
        print(f"{unaccounted} chữ số chưa tính, {mismatches} chỗ không khớp.")
    else:
        print(f"{unaccounted} unaccounted, {mismatches} mismatches.")


if __name__ == "__main__":
    sys.exit(main())
