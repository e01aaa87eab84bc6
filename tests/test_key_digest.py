"""Digests of keys: a key that stands twice is seen, in memory and on disk."""

import numpy as np
import pytest

from portal.checks.key_digest import KeyDigests


def spread(start: int, count: int) -> np.ndarray:
    """Return digests that all differ, spread over 64 bits as hashes are."""
    return (np.arange(start, start + count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)


@pytest.mark.parametrize("kept", [10, 1_000, 1_000_000])
def test_different_keys_differ_in_memory_and_on_disk(kept: int) -> None:
    with KeyDigests(kept) as digests:
        for start in range(0, 20_000, 500):
            digests.add(spread(start, 500))
        assert digests.all_differ()


@pytest.mark.parametrize("kept", [10, 1_000, 1_000_000])
@pytest.mark.parametrize("again", [0, 7_777, 19_999])
def test_one_key_twice_is_seen_however_far_apart(kept: int, again: int) -> None:
    with KeyDigests(kept) as digests:
        for start in range(0, 20_000, 500):
            digests.add(spread(start, 500))
        digests.add(spread(again, 1))
        assert not digests.all_differ()


def test_a_table_without_rows_has_no_key_twice() -> None:
    with KeyDigests() as digests:
        assert digests.all_differ()


def test_extreme_digests_are_kept() -> None:
    extremes = np.array([0, 2**64 - 1, 2**58, 2**58 - 1], np.uint64)
    with KeyDigests(1) as digests:
        digests.add(extremes)
        assert digests.all_differ()
        digests.add(extremes[1:2])
        assert not digests.all_differ()
