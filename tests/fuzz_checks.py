"""Hold the fast check against the slow one on many made-up packages: `make fuzz`.

Exit status: 0 no false acceptance and a healthy share of acceptances, 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

import portal.csv_block
from table_cases import Case, Verdicts, cases, judge_case

# Of the packages that the slow check finds clean, the fast one must know at least this share by itself.
HEALTHY_SHARE = 0.5


def set_block_bytes(count: int) -> None:
    """Let files be read in blocks of so many bytes."""
    portal.csv_block.BLOCK_BYTES = count


def run(count: int, first_seed: int, seconds: float) -> Counter[Verdicts]:
    """Judge `count` cases, or fewer in `seconds`; raise AssertionError, with a small case, at a false acceptance."""
    verdicts: Counter[Verdicts] = Counter()
    end = time.monotonic() + seconds

    @seed(first_seed)
    @settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink), verbosity=Verbosity.quiet,
    )  # fmt: skip
    @given(cases())
    def hold(case: Case) -> None:
        if time.monotonic() > end:
            return
        verdict = judge_case(case, set_block_bytes)
        verdicts[verdict] += 1
        if verdict.fast and not verdict.slow:
            raise AssertionError(f"accepted by the fast check alone: {case!r}")

    hold()
    return verdicts


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600, help="stop after so many seconds")
    arguments = parser.parse_args(argv)
    start = time.monotonic()
    verdicts = run(arguments.cases, arguments.seed, arguments.seconds)
    clean, accepted = verdicts[Verdicts(True, True)] + verdicts[Verdicts(False, True)], verdicts[Verdicts(True, True)]
    share = accepted / max(1, clean)
    print(
        f"{verdicts.total()} packages in {time.monotonic() - start:.0f} s: {clean} clean, of which the fast check "
        f"accepted {accepted} ({share:.0%}); false acceptances: {verdicts[Verdicts(True, False)]}"
    )
    return 0 if share >= HEALTHY_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
