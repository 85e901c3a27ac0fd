"""Costs from the file are those that are worked out, and the file may be anything."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.timing import cost_cache
from vstm32.timing.block_cost import CodeMemory, MemorySystem, m7_block_cost, m7_cost_after
from vstm32.timing.cost_cache import CostCache, default_path

CODE = bytes.fromhex("0130 0844 fbd1")
FAST = MemorySystem(True, True, True, 7)


def fails(*_):
    raise AssertionError("it is known already")


def test_what_was_worked_out_is_known_to_the_next_board(tmp_path, monkeypatch):
    path = tmp_path / "new" / "costs.json"
    first = CostCache(path)
    block = first.block(CODE, CodeMemory.FLASH, FAST)
    after = first.after(CODE, CODE, True, CodeMemory.FLASH, FAST)
    first.save()
    monkeypatch.setattr(cost_cache, "m7_block_cost", fails)
    monkeypatch.setattr(cost_cache, "m7_cost_after", fails)
    second = CostCache(path)
    assert second.block(CODE, CodeMemory.FLASH, FAST) == block
    assert second.after(CODE, CODE, True, CodeMemory.FLASH, FAST) == after


@given(
    st.binary(min_size=2, max_size=16),
    st.binary(min_size=2, max_size=16),
    st.booleans(),
    st.sampled_from(CodeMemory),
    st.builds(MemorySystem, st.booleans(), st.booleans(), st.booleans(), st.integers(0, 15)),
)
def test_costs_are_the_same_with_the_file_and_without(  # noqa: PLR0917
    tmp_path_factory, before, code, taken, place, memory
):
    path = tmp_path_factory.getbasetemp() / "costs.json"
    first = CostCache(path)
    first.block(code, place, memory)
    first.after(before, code, taken, place, memory)
    first.save()
    known = CostCache(path)
    assert known.block(code, place, memory) == m7_block_cost(code, place, memory)
    assert known.after(before, code, taken, place, memory) == m7_cost_after(
        before, code, taken, place, memory
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\0"])
def test_a_damaged_file_is_as_good_as_none(tmp_path, text):
    path = tmp_path / "costs.json"
    path.write_text(text)
    costs = CostCache(path)
    assert costs.block(CODE, CodeMemory.TCM, FAST) == m7_block_cost(CODE, CodeMemory.TCM, FAST)
    costs.save()
    assert len(json.loads(path.read_text())) == 1


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "costs.json"
    costs = CostCache(path)
    assert costs.block(CODE, CodeMemory.TCM, FAST) == m7_block_cost(CODE, CodeMemory.TCM, FAST)
    costs.save()
    assert not path.exists()
    assert CostCache(path).block(CODE, CodeMemory.TCM, FAST) == m7_block_cost(CODE, CodeMemory.TCM, FAST)


def test_the_file_does_not_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(cost_cache, "MOST_ENTRIES", 2)
    costs = CostCache(tmp_path / "costs.json")
    for size in range(2, 20, 2):
        costs.block(bytes(size), CodeMemory.TCM, FAST)
    costs.save()
    assert len(json.loads((tmp_path / "costs.json").read_text())) == 2


def test_a_full_file_takes_what_is_new_and_loses_what_was_not_used_for_longest(tmp_path, monkeypatch):
    monkeypatch.setattr(cost_cache, "MOST_ENTRIES", 2)
    path = tmp_path / "costs.json"
    for sizes in ((2,), (4,), (2, 6)):
        costs = CostCache(path)
        for size in sizes:
            costs.block(bytes(size), CodeMemory.TCM, FAST)
        costs.save()
    kept = {len(key.split()[0]) // 2 for key in json.loads(path.read_text())}
    assert kept == {2, 6}


def test_the_file_is_that_of_the_sources_as_they_are(tmp_path, monkeypatch):
    (tmp_path / "table.py").write_text("A = 1")
    monkeypatch.setattr(cost_cache, "_FOLDER", tmp_path)
    paths = set()
    for text in ("A = 1", "A = 2"):
        (tmp_path / "table.py").write_text(text)
        default_path.cache_clear()
        paths.add(default_path())
    default_path.cache_clear()
    assert len(paths) == 2
    assert {path.parent for path in paths} == {tmp_path / "__pycache__"}
