"""Hold the fast check against the slow one on many made-up packages: `make fuzz`.

Exit status: 0 no false acceptance and a healthy share of acceptances, 1 otherwise.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from healthy_cases import healthy_cases
from judged_case import Case, Verdicts, judge_case
from portal.data import csv_block
from table_cases import cases

# Of the packages that the slow check finds clean, the fast one must know at least this share by itself.
HEALTHY_SHARE = 0.8
ROUND = 250


def set_block_bytes(count: int) -> None:
    """Let files be read in blocks of so many bytes."""
    csv_block.BLOCK_BYTES = count


def run(count: int, first_seed: int) -> Counter[Verdicts]:
    """Judge `count` cases, the same ones for the same seed; raise AssertionError at a false acceptance.

    One at a case that was to be healthy and is not, too: then the share of acceptances would mean nothing.
    """
    verdicts: Counter[Verdicts] = Counter()

    @seed(first_seed)
    @settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink), verbosity=Verbosity.quiet,
    )  # fmt: skip
    @given(cases() | healthy_cases())
    def hold(case: Case) -> None:
        verdict = judge_case(case, set_block_bytes)
        verdicts[verdict] += 1
        if verdict.fast and not verdict.slow:
            raise AssertionError(f"accepted by the fast check alone: {case!r}")
        if case.healthy and not verdict.slow:
            raise AssertionError(f"made to be healthy, and is not: {case!r}")

    hold()
    return verdicts


def run_rounds(count: int, first_seed: int, seconds: float) -> Counter[Verdicts]:
    """Judge `count` cases in rounds, fewer when the time is over, and print how far it is."""
    verdicts: Counter[Verdicts] = Counter()
    end = time.monotonic() + seconds
    for number in itertools.count():
        left = count - verdicts.total()
        if left <= 0 or time.monotonic() > end:
            return verdicts
        verdicts += run(min(left, ROUND), first_seed * 100_000 + number)
        print(f"{verdicts.total()} packages, {verdicts[Verdicts(fast=True, slow=True)]} accepted", flush=True)
    return verdicts


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600, help="stop after so many seconds")
    arguments = parser.parse_args(argv)
    start = time.monotonic()
    verdicts = run_rounds(arguments.cases, arguments.seed, arguments.seconds)
    accepted = verdicts[Verdicts(fast=True, slow=True)]
    clean = accepted + verdicts[Verdicts(fast=False, slow=True)]
    share = accepted / max(1, clean)
    print(
        f"{verdicts.total()} packages in {time.monotonic() - start:.0f} s: {clean} clean, of which the fast check "
        f"accepted {accepted} ({share:.0%}); false acceptances: {verdicts[Verdicts(fast=True, slow=False)]}"
    )
    return 0 if share >= HEALTHY_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
