"""Build events: what a build tells of itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Begun:
    """A stage has begun."""

    stage: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """One package more is done in a stage: `done` of `count`; `seconds` is the work on it, where that was done."""

    stage: str
    done: int
    count: int
    package: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """One finished stage: seconds of wall time, and the process's peak memory in MB when it ended."""

    name: str
    seconds: float
    peak_mb: int


Event = Begun | Advanced | Stage
Report = Callable[[Event], None]
