"""Make a new, empty indicator package. Exit status: 0 made, 1 refused, 2 could not be written."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from portal.checks.check import read_codes
from portal.data.descriptor import DESCRIPTOR, DescriptorError, read_package
from portal.data.scaffold import (
    INDICATORS,
    Draft,
    find_draft_faults,
    find_owner,
    find_repeated,
    is_name,
    make_descriptor,
    write_package,
)
from portal.data.settings import SettingsError, read_settings
from portal.words.text import Text

PROJECT = Path(__file__).resolve().parent.parent
DATAPACKAGES = Path("datapackages")
NEXT = (
    "Đã tạo {folder}/. Tiếp theo: ghi mô tả trong datapackage.json, chép mỗi con số thành một dòng của data.csv, "
    "rồi chạy: make validate\n"
    "Created {folder}/. Next: describe it in datapackage.json, write every figure as a row of data.csv, "
    "then run: make validate"
)
BAD_NAME = (
    "Tên «{name}» không dùng được: chỉ viết chữ thường không dấu, chữ số và gạch dưới, bắt đầu bằng chữ cái, "
    "ví dụ so_thu_vien.\n"
    "The name “{name}” cannot be used: write lower-case letters without accents, digits and underscores, "
    "a letter first, for example so_thu_vien."
)
TAKEN = (
    "Tên «{name}» đã được dùng trong {owner}; không ghi đè gì.\n"
    "The name “{name}” is already used in {owner}; nothing was overwritten."
)
UNKNOWN_THEME = (
    "Không có chủ đề «{code}». Các chủ đề: {known}. Thêm chủ đề: một dòng trong {list}.\n"
    "There is no theme “{code}”. The themes: {known}. To add one, write a row in {list}."
)
NEW_MEASURE = (
    "Nội dung đo «{code}» chưa có: thêm một dòng vào {list}.\nThe measure “{code}” is new: add a row to {list}."
)
REPEATED = (
    "Cột «{name}» đã có sẵn; đặt tên khác cho chiều này.\n"
    "There is a column “{name}” already; give the dimension another name."
)


class RefusedError(Exception):
    """The package cannot be made as asked; the message says why, in both languages."""


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Tạo một gói chỉ tiêu mới, chưa có số liệu / make a new indicator package without figures.",
        epilog="0: đã tạo / made; 1: bị từ chối / refused; 2: không ghi được / could not be written",
    )
    parser.add_argument("name", metavar="NAME", help="tên gói, ví dụ so_thu_vien / name of the package")
    parser.add_argument("--title", help="tiêu đề tiếng Việt / Vietnamese title")
    parser.add_argument("--title-en", default="", help="tiêu đề tiếng Anh / English title")
    parser.add_argument("--theme", default="other", help="mã chủ đề, mặc định other / code of the theme")
    parser.add_argument("--measure", help="mã nội dung đo của số liệu chính, mặc định NAME / measure of the headline")
    parser.add_argument(
        "--dimension",
        action="append",
        default=[],
        metavar="NAME",
        help="thêm một chiều, dùng được nhiều lần / add a dimension, may be repeated",
    )
    parser.add_argument("--root", type=Path, default=DATAPACKAGES, help="kho gói dữ liệu / where packages lie")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = parse_arguments(argv)
    draft = Draft(
        name=arguments.name,
        title=Text(arguments.title or arguments.name.replace("_", " "), arguments.title_en),
        theme=arguments.theme,
        measure=arguments.measure or arguments.name,
        dimensions=tuple(arguments.dimension),
    )
    try:
        folder = _create(draft, arguments.root)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, SettingsError) as error:
        print(f"Không tạo được / could not make it: {error}", file=sys.stderr)
        return 2
    print(NEXT.format(folder=folder.as_posix()))
    measures, file = _read_codes("measures", arguments.root)
    if draft.measure not in measures:
        print(NEW_MEASURE.format(code=draft.measure, list=file))
    return 0


def _create(draft: Draft, root: Path) -> Path:
    """Make the package below `root`, or raise RefusedError before anything is written."""
    for name in (draft.name, draft.theme, *draft.dimensions):
        if not is_name(name):
            raise RefusedError(BAD_NAME.format(name=name))
    if repeated := find_repeated(draft):
        raise RefusedError(REPEATED.format(name=repeated))
    if not root.is_dir():
        raise NotADirectoryError(f"{root}: không có thư mục này / there is no such folder")
    if owner := find_owner(draft.name, root):
        raise RefusedError(TAKEN.format(name=draft.name, owner=owner))
    themes, file = _read_codes("themes", root)
    if themes and draft.theme not in themes:
        raise RefusedError(UNKNOWN_THEME.format(code=draft.theme, known=", ".join(sorted(themes)), list=file))
    publisher = read_settings(PROJECT / "metadata.yml").publisher.vi
    descriptor = make_descriptor(draft, publisher, datetime.now(UTC).date())
    if faults := find_draft_faults(descriptor):
        raise RefusedError("\n".join(fault.render(language) for fault in faults for language in ("vi", "en")))
    folder = root / INDICATORS / draft.name
    try:
        write_package(folder, descriptor)
    except FileExistsError as error:
        raise RefusedError(TAKEN.format(name=draft.name, owner=folder.as_posix())) from error
    return folder


def _read_codes(code_list: str, root: Path) -> tuple[frozenset[str], str]:
    """Return the codes of a reference package, none where it cannot be read, and the file that they stand in."""
    path = root / "reference" / code_list / DESCRIPTOR
    try:
        package = read_package(path, str(path))
    except DescriptorError:
        return frozenset(), (path.parent / "data.csv").as_posix()
    return read_codes([package]).get(code_list, frozenset()), package.main.file.as_posix()


if __name__ == "__main__":
    sys.exit(main())
