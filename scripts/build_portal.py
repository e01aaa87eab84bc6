"""Check all data packages and publish a release. Exit status: 0 published, 1 blockers, 2 could not build."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.release import BuildFolder, BuildLockedError

if TYPE_CHECKING:
    from portal.build import Result, Stage

PROJECT = Path(__file__).resolve().parent.parent
LOCAL_TIME = ZoneInfo("Asia/Ho_Chi_Minh")
WITHDRAWN = (
    "Đã quay về bản {current}, và dữ liệu chưa đổi từ bản bị rút: không dựng lại. Sửa dữ liệu, hoặc dùng --force. / "
    "The portal was taken back to {current}, and nothing changed since the release that was withdrawn: "
    "nothing was built. Correct the data, or use --force."
)
_STAGES = {
    "load": "đọc mô tả / load",
    "check": "kiểm tra / check",
    "database": "cơ sở dữ liệu / database",
    "distributions": "tệp tải về / distributions",
    "agreement": "so tệp và bảng / compare files",
    "metadata": "siêu dữ liệu / metadata",
    "site": "trang web / site",
    "standards": "chuẩn mô tả / standards",
    "pages": "so trang / compare pages",
    "compress": "nén / compress",
    "publish": "công bố / publish",
}


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Kiểm tra rồi dựng bản công bố / check the packages, then build and publish a release.",
        epilog="0: đã công bố / published; 1: có lỗi chặn / blockers; 2: không dựng được / could not build",
    )
    parser.add_argument("--project", type=Path, default=PROJECT, help="thư mục dự án / project folder")
    parser.add_argument("--build", type=Path, help="thư mục đích, mặc định PROJECT/build / where to build")
    parser.add_argument(
        "--force",
        action="store_true",
        help="dựng lại dù không có gì đổi, sửa bản bị hỏng / build anyway, mend a damaged release",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = parse_arguments(argv)
    project = arguments.project.resolve()
    folder = BuildFolder((arguments.build or project / "build").resolve())
    try:
        return _run(project, folder, force=arguments.force)
    except BuildLockedError:
        return _fail("một lần dựng khác đang chạy; đợi rồi thử lại / another build is running; try again later")
    except (OSError, sqlite3.Error) as error:
        return _fail(f"không ghi được vào {folder.root} / cannot write there: {error}")
    except ValueError as error:
        return _fail(str(error))


def _run(project: Path, folder: BuildFolder, *, force: bool) -> int:
    from portal.inputs import is_current, is_withdrawn  # noqa: PLC0415 - the quick answer needs no heavy library

    if not force and is_current(project, folder):
        print("Không có gì thay đổi; bản công bố hiện tại vẫn đúng. / Nothing changed; the release is current.")
        return 0
    if not force and is_withdrawn(project, folder):
        print(WITHDRAWN.format(current=folder.current.resolve().name))
        return 0
    from portal.build import build_portal  # noqa: PLC0415

    result = build_portal(project, folder, datetime.now(LOCAL_TIME).date(), _print_stage)
    return _print_result(result)


def _print_stage(one: Stage) -> None:
    print(f"  {_STAGES[one.name]:<32} {one.seconds:6.2f} s  {one.peak_mb:5d} MB", flush=True)


def _print_result(result: Result) -> int:
    for finding in result.findings:
        print(finding.render("vi"), file=sys.stderr)
        print(f"  {finding.message_en}\n  Cure: {finding.cure_en}", file=sys.stderr)
    if not result.release:
        print("Có lỗi chặn: không công bố gì. / Blockers found: nothing was published.", file=sys.stderr)
        return 1
    for line in result.account:
        print(f"  {line.vi} / {line.en}")
    print(f"Đã công bố / published: {result.release} ({result.packages} gói / packages, {result.pages} trang / pages)")
    return 0


def _fail(message: str) -> int:
    one_line = " ".join(message.split())
    print(f"Không dựng được / could not build: {one_line}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
