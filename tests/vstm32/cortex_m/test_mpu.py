import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.cortex_m import mpu
from vstm32.cortex_m.mpu import Mpu
from vstm32.native.library import lib


def test_each_region_keeps_its_own_base_and_attributes():
    block = Mpu(8)
    for region in range(8):
        block.write_register(mpu.RNR, region)
        block.write_register(mpu.RBAR, 0x2000_0000 + region * 0x1000)
        block.write_register(mpu.RASR, region << 1 | 1)
    for region in range(8):
        block.write_register(mpu.RNR, region)
        assert block.read_register(mpu.RBAR) == 0x2000_0000 + region * 0x1000 | region
        assert block.read_register(mpu.RASR) == region << 1 | 1


def test_a_base_with_the_valid_bit_selects_its_region():
    block = Mpu(8)
    block.write_register(mpu.RBAR, 0x6000_0000 | 1 << 4 | 5)
    assert block.read_register(mpu.RNR) == 5
    assert block.read_register(mpu.RBAR) == 0x6000_0005


REGION = st.tuples(
    st.integers(0, 0xFFFF_FFFF).map(lambda base: base & ~0x1F),
    st.builds(
        lambda size, access, subregions, never, on: (
            never << 28 | access << 24 | subregions << 8 | size << 1 | on
        ),
        st.integers(4, 31), st.integers(0, 7), st.integers(0, 255), st.integers(0, 1), st.integers(0, 1),
    ),
)  # fmt: skip


@given(
    st.lists(REGION, max_size=8),
    st.integers(0, 7),
    st.booleans(),
    st.lists(st.integers(0, 0xFFFF_FFFF), min_size=1),
)
def test_the_map_says_of_each_address_what_the_regions_say(regions, control, privileged, addresses):
    bases, attributes = [base for base, _ in regions], [attribute for _, attribute in regions]
    intervals = mpu.permission_map(control, bases, attributes, privileged=privileged)
    assert intervals[0][0] == 0
    assert len(intervals) <= lib.MOST_INTERVALS
    assert all(before[1] != after[1] for before, after in itertools.pairwise(intervals))
    for address in (*addresses, *(base for base in bases)):
        allowed = [bits for first, bits in intervals if first <= address][-1]
        assert allowed == mpu.permissions_at(address, control, bases, attributes, privileged=privileged)


@given(st.lists(REGION, max_size=8), st.integers(0, 7), st.integers(0, 0xFFFF_FFFF))
def test_unprivileged_code_may_never_do_more_than_privileged_code(regions, control, address):
    bases, attributes = [base for base, _ in regions], [attribute for _, attribute in regions]
    privileged, unprivileged = (
        mpu.permissions_at(address, control, bases, attributes, privileged=each) for each in (True, False)
    )
    assert unprivileged & privileged == unprivileged


def test_cache_policies_are_numbered_alike_in_python_and_c():
    for policy in mpu.CachePolicy:
        assert policy == getattr(lib, policy.name)


@pytest.mark.parametrize(
    ("extension", "shareable", "cacheable", "bufferable", "policy"),
    [
        (0, 0, 0, 0, "NOT_CACHED"),
        (0, 0, 0, 1, "NOT_CACHED"),
        (0, 0, 1, 0, "WRITE_THROUGH"),
        (0, 0, 1, 1, "WRITE_BACK"),
        (0, 1, 1, 1, "NOT_CACHED"),
        (1, 0, 0, 0, "NOT_CACHED"),
        (1, 0, 1, 1, "WRITE_ALLOCATE"),
        (1, 1, 1, 1, "NOT_CACHED"),
        (2, 0, 0, 0, "NOT_CACHED"),
        (5, 0, 0, 0, "NOT_CACHED"),
        (5, 0, 0, 1, "WRITE_ALLOCATE"),
        (6, 0, 1, 0, "WRITE_THROUGH"),
        (7, 0, 1, 1, "WRITE_BACK"),
    ],
)
def test_memory_attributes_mean_what_the_architecture_says(
    extension, shareable, cacheable, bufferable, policy
):
    """Arm v7-M ARM, tables B3-16 and B3-17."""
    attributes = extension << 19 | shareable << 18 | cacheable << 17 | bufferable << 16
    assert mpu.cache_policy(attributes).name == policy
