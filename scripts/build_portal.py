"""Check all data packages and publish a release. Exit status: 0 published, 1 blockers, 2 could not build."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.releases.release import BuildFolder, BuildLockedError
from portal.work.scheduler import WorkError, choose_scheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.build import Result
    from portal.work.build_event import Event

PROJECT = Path(__file__).resolve().parent.parent
LOCAL_TIME = ZoneInfo("Asia/Ho_Chi_Minh")
WITHDRAWN = (
    "Đã quay về bản {current}, và dữ liệu chưa đổi từ bản bị rút: không dựng lại. Sửa dữ liệu, hoặc dùng --force. / "
    "The portal was taken back to {current}, and nothing changed since the release that was withdrawn: "
    "nothing was built. Correct the data, or use --force."
)


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
    parser.add_argument(
        "--jobs", type=_count, metavar="N", help="số tiến trình, mặc định mọi nhân / processes, by default one a core"
    )
    parser.add_argument(
        "--scheduler", metavar="tcp://…", help="cụm Dask làm việc theo gói / a Dask cluster for the work on packages"
    )
    parser.add_argument("--quiet", action="store_true", help="chỉ in lỗi và cảnh báo / print findings and faults only")
    return parser.parse_args(argv)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"phải là số nguyên dương / must be a positive number: {text}")
    return int(text)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = parse_arguments(argv)
    project = arguments.project.resolve()
    folder = BuildFolder((arguments.build or project / "build").resolve())
    try:
        return _run(project, folder, arguments)
    except BuildLockedError:
        return _fail("một lần dựng khác đang chạy; đợi rồi thử lại / another build is running; try again later")
    except (OSError, sqlite3.Error) as error:
        return _fail(f"không ghi được vào {folder.root} / cannot write there: {error}")
    except (ValueError, WorkError) as error:
        return _fail(str(error))


def _run(project: Path, folder: BuildFolder, arguments: argparse.Namespace) -> int:
    # The quick answer needs no heavy library.
    from portal.releases.inputs import is_current, is_withdrawn  # noqa: PLC0415

    say = _keep_quiet if arguments.quiet else print
    if not arguments.force and is_current(project, folder):
        say("Không có gì thay đổi; bản công bố hiện tại vẫn đúng. / Nothing changed; the release is current.")
        return 0
    if not arguments.force and is_withdrawn(project, folder):
        say(WITHDRAWN.format(current=folder.current.resolve().name))
        return 0
    from portal.build import build_portal  # noqa: PLC0415 - heavy, see above
    from portal.work.build_report import Bar, Lines, Slowest  # noqa: PLC0415 - the same

    slowest = Slowest()
    on_terminal = not arguments.quiet and sys.stdout.isatty()
    with (
        choose_scheduler(arguments.jobs, arguments.scheduler) as scheduler,
        Bar(sys.stdout) if on_terminal else Lines(say) as view,
    ):

        def report(event: Event) -> None:
            slowest.note(event)
            view(event)

        result = build_portal(project, folder, datetime.now(LOCAL_TIME).date(), report, scheduler)
    if words := slowest.say():
        say(words)
    return _print_result(result, say)


def _keep_quiet(_line: str) -> None:
    """Say nothing."""


def _print_result(result: Result, say: Callable[[str], object]) -> int:
    for finding in result.findings:
        print(finding.render("vi"), file=sys.stderr)
        print(f"  {finding.message_en}\n  Cure: {finding.cure_en}", file=sys.stderr)
    if not result.release:
        print("Có lỗi chặn: không công bố gì. / Blockers found: nothing was published.", file=sys.stderr)
        return 1
    for line in result.account:
        say(f"  {line.vi} / {line.en}")
    say(f"Đã công bố / published: {result.release} ({result.packages} gói / packages, {result.pages} trang / pages)")
    return 0


def _fail(message: str) -> int:
    one_line = " ".join(message.split())
    print(f"Không dựng được / could not build: {one_line}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
