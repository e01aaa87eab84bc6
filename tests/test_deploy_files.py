"""Units, images and the operators' guide: what can be held against the real programs without a machine of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from front import (
    COMMAND,
    REPOSITORY,
    SHIPPED,
    ask,
    check_configuration,
    copy_build,
    find_port,
    list_replacements,
    run_replicas,
    wait_until,
    write_configuration,
)
from test_docs import OPERATORS, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ("deployed",)

DEPLOY = REPOSITORY / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CONTAINERS = DEPLOY / "container"
HOME = "/srv/portal"  # where the units, images and nginx expect the project


# --- commands that units and images start ---------------------------------------------------------------------


def read_unit(path: Path) -> dict[str, list[str]]:
    """Return every setting of a unit with all its values."""
    settings: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", path.read_text("utf-8"), re.MULTILINE):
        settings.setdefault(key, []).append(value)
    return settings


def read_containerfile() -> str:
    """Return the instructions of the images, one a line."""
    text = re.sub(r"^#.*\n", "", (CONTAINERS / "Containerfile").read_text("utf-8"), flags=re.MULTILINE)
    return text.replace("\\\n", " ")


def read_exec(instruction: str) -> list[list[str]]:
    """Return the commands of an instruction such as CMD, in the order of the images."""
    found = re.findall(rf"^(?:HEALTHCHECK .*)?{instruction} (\[.*\])$", read_containerfile(), re.MULTILINE)
    return [yaml.safe_load(words) for words in found]


def read_compose() -> dict[str, Any]:
    composed: dict[str, Any] = yaml.safe_load((CONTAINERS / "compose.yaml").read_text("utf-8"))
    return composed


def list_started() -> Iterator[list[str]]:
    """Yield every command by which a unit or a container starts a script of the project."""
    for unit in UNITS:
        yield from map(shlex.split, read_unit(unit)["ExecStart"])
    yield from (words for words in read_exec("CMD") if "scripts/serve_portal.py" in words)
    yield read_compose()["services"]["build"]["command"]


@pytest.mark.parametrize("words", list_started(), ids=shlex.join)
def test_what_is_started_exists_and_knows_its_options(words: list[str]) -> None:
    python, script, *arguments = words
    assert python == f"{HOME}/.venv/bin/python"
    said = subprocess.run(
        [sys.executable, REPOSITORY / script, "--help"], capture_output=True, text=True, check=True
    ).stdout
    for option in (word for word in arguments if word.startswith("-")):
        assert option in said, f"{script} has no {option}"


def test_a_container_serves_and_says_that_it_is_well(release: Path, tmp_path: Path) -> None:
    (serve,) = (words for words in read_exec("CMD") if "scripts/serve_portal.py" in words)
    port = str(find_port())
    # Looked for, not bound.
    here = [port if word == "8000" else "127.0.0.1" if word == "0.0.0.0" else word for word in serve]  # noqa: S104
    check = [word.replace("127.0.0.1:8000", f"127.0.0.1:{port}") for word in read_health_check()]
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0, "well before it serves"
    build = copy_build(release, tmp_path / "build")
    process = subprocess.Popen(
        [sys.executable, COMMAND, *here[2:], "--build", build], stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until(lambda: subprocess.run(check, capture_output=True, check=False).returncode == 0)
    finally:
        process.terminate()
        assert process.wait(10) == 0


def read_health_check() -> list[str]:
    (check,) = (words for words in read_exec("CMD") if "-c" in words)
    return [sys.executable, *check[1:]]


# --- systemd --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    assert shutil.which("systemd-analyze"), "did not run: systemd-analyze is missing (apt-get install systemd)"
    copy = tmp_path / unit.name.replace("@", "@8001")
    copy.write_text(unit.read_text("utf-8").replace(HOME, str(REPOSITORY)), "utf-8")
    said = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    complaints = [line for line in said.stderr.splitlines() if unit.stem.partition("@")[0] in line]
    assert complaints == []


def test_a_replica_may_write_nothing_and_is_bounded() -> None:
    settings = read_unit(DEPLOY / "systemd/kien-giang-portal@.service")
    wanted = {"ProtectSystem": "strict", "NoNewPrivileges": "yes", "Restart": "on-failure", "IPAddressDeny": "any"}
    assert {key: settings[key] for key in wanted} == {key: [value] for key, value in wanted.items()}
    assert "ReadWritePaths" not in settings
    assert {"MemoryMax", "CPUWeight", "TasksMax"} <= settings.keys()


def test_a_replica_has_started_when_it_answers(release: Path, tmp_path: Path) -> None:
    (command,) = read_unit(DEPLOY / "systemd/kien-giang-portal@.service")["ExecStartPost"]
    assert shutil.which("curl"), "curl is not installed: apt-get install curl"
    with run_replicas(copy_build(release, tmp_path / "build"), 1) as (replica,):
        assert subprocess.run(shlex.split(command.replace("%i", str(replica.port))), check=False).returncode == 0


# --- containers -----------------------------------------------------------------------------------------------


def test_the_images_are_made_from_files_that_exist_and_are_sent() -> None:
    sent = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", read_containerfile(), re.MULTILINE)
    for path in (word for words in copied for word in words.split()):
        assert (REPOSITORY / path).exists(), path
        assert f"!{path.partition('/')[0]}" in sent, f"{path} is not in .dockerignore"


def test_the_images_run_without_root_and_with_locked_libraries() -> None:
    stages = re.split(r"^FROM ", read_containerfile(), flags=re.MULTILINE)[1:]
    final = {match[1]: stage for stage in stages if (match := re.search(r" AS (portal|front)$", stage, re.MULTILINE))}
    assert final.keys() == {"portal", "front"}
    assert all(re.search(r"^USER (?!root|0)", stage, re.MULTILINE) for stage in final.values())
    (install,) = re.findall(r"pip install.*", read_containerfile())
    assert "--require-hashes -r requirements.lock" in install


def test_the_services_share_one_release_that_only_the_build_writes() -> None:
    services = read_compose()["services"]
    assert set(services) == {"build", "replica-1", "replica-2", "front"}
    mounts = {name: next(one for one in service["volumes"] if "release" in one) for name, service in services.items()}
    assert mounts.pop("build") == f"release:{HOME}/build"
    assert set(mounts.values()) == {f"release:{HOME}/build:ro"}
    for service in services.values():
        context = (CONTAINERS / service["build"]["context"]).resolve()
        assert context == REPOSITORY
        assert (context / service["build"]["dockerfile"]).is_file()
        assert f" AS {service['build']['target']}\n" in read_containerfile()
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


def test_nginx_knows_the_addresses_of_the_replicas() -> None:
    services = read_compose()["services"]
    addresses = {
        name: service["networks"]["inside"]["ipv4_address"] for name, service in services.items() if name != "build"
    }
    text = (CONTAINERS / "nginx/replicas.conf").read_text("utf-8")
    listed = re.findall(r"^server ([\d.]+):8000 ", text, re.MULTILINE)
    assert listed == [addresses["replica-1"], addresses["replica-2"]]
    assert services["replica-1"]["environment"]["FORWARDED_ALLOW_IPS"] == addresses["front"]
    assert services["front"]["ports"] == ["8080:8080"]


def test_nginx_accepts_the_configuration_of_the_container(tmp_path: Path) -> None:
    changes = {
        "nginx.conf": {
            "user www-data;": "user root;" if os.geteuid() == 0 else "",
            "/var/log/nginx/error.log": f"{tmp_path}/error.log",
        },
        "portal-local/machine.conf": {"/var/cache/nginx": f"{tmp_path}/cache", "/dev/stdout": f"{tmp_path}/log"},
    }
    (tmp_path / "cache").mkdir()
    write_configuration(tmp_path, changes, own=CONTAINERS / "nginx")
    assert check_configuration(tmp_path) == ""


# --- the operators' guide -------------------------------------------------------------------------------------

# What the guide shows and no test can run: it needs root, the network or a running systemd.
NOT_RUN = {"apt-get", "certbot", "git", "journalctl", "podman", "useradd"}


def list_shown() -> list[tuple[str, list[str]]]:
    return [(block.place, words) for block in read_blocks(OPERATORS) for words in block.commands]


def test_every_command_of_the_guide_is_run_or_known_not_to_be() -> None:
    run_by_tests = {"cp", "curl", "install", "ln", "ls", "mv", "nginx", "systemctl"}
    run_in_test_docs = {"make", ".venv/bin/python", *NOT_RUN}
    for place, words in list_shown():
        assert words[0] in run_by_tests | run_in_test_docs, f"{place}: {shlex.join(words)}"


def test_every_unit_that_the_guide_names_is_shipped() -> None:
    named = [words for _, words in list_shown() if words[0] in {"systemctl", "journalctl"}]
    assert len(named) >= 5
    for words in named:
        for name in (word for word in words[1:] if word.startswith("kien-giang")):
            assert re.sub(r"@\d+", "@", name) in {unit.stem for unit in UNITS}, shlex.join(words)


def test_the_installation_of_the_guide_makes_a_configuration_that_nginx_accepts(tmp_path: Path) -> None:
    """Run the commands that copy files, with another root."""
    shown = [words for _, words in list_shown() if words[0] in {"cp", "install"}]
    assert len(shown) >= 4
    (tmp_path / "etc/nginx").mkdir(parents=True)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "srv/portal").mkdir(parents=True)
    shutil.copytree(DEPLOY, tmp_path / "srv/portal/deploy")
    for words in shown:
        own = re.sub(r" -o \w+( -g \w+)?", "", shlex.join(words))  # the user portal is made by root
        moved = re.sub(r"(?<=[ =])/(?=etc|srv|var)", f"{tmp_path}/", own)
        subprocess.run(["bash", "-c", moved], cwd=tmp_path / "srv/portal", check=True, capture_output=True)
    installed = tmp_path / "etc/nginx"
    for path in SHIPPED.rglob("*.conf"):
        assert (installed / path.relative_to(SHIPPED)).read_text("utf-8") == path.read_text("utf-8")
    places = list_replacements(installed, Path("/srv"), (find_port(), find_port(), find_port()), (8001,))
    write_configuration(installed, places, own=None)
    assert check_configuration(installed) == ""
    for unit in UNITS:
        assert (tmp_path / "etc/systemd/system" / unit.name).is_file()
    assert (tmp_path / "etc/systemd/system/nginx.service.d/portal.conf").is_file()
    for folder in ("srv/portal/build", "var/cache/nginx"):
        assert (tmp_path / folder).is_dir()


def test_the_watch_commands_of_the_guide_answer(release: Path, tmp_path: Path) -> None:
    shown = [words for _, words in list_shown() if words[0] == "curl"]
    assert shown
    with run_replicas(copy_build(release, tmp_path / "build"), 1) as (replica,):
        for words in shown:
            path = re.sub(r"^https?://[^/]+", "", words[-1])
            if path != "/nginx":  # tests/test_deploy_nginx.py asks for that one
                assert ask(replica.port, path).status == 200, shlex.join(words)
