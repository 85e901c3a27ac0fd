"""Functions come out of an ELF file with the names that people know them by."""

from itertools import pairwise

import pytest

from support.compiling import compile_arm, run
from vstm32 import load_elf
from vstm32.base.errors import VirtualBoardError
from vstm32.base.symbols import Function, Functions, read_functions, short_name

SOURCE = """
__attribute__((noinline)) static int twice(int x) { __asm volatile(""); return 2 * x; }
__attribute__((noinline)) void stopped(void) { for (;;) __asm volatile("wfi"); }
__asm(".text\\n .thumb\\n .global by_hand\\n .thumb_func\\n by_hand:\\n nop\\n inner_label:\\n nop\\n"
      "bx lr\\n"
      ".type after, %function\\n .thumb_func\\n after: bx lr\\n .size after, .-after\\n");
void by_hand(void);
int main(void) { by_hand(); seen[0] = twice(4); return 0; }
"""


def test_every_address_of_a_function_is_found_and_no_other(compile_firmware):
    elf = compile_firmware(SOURCE)
    functions, symbols = read_functions(elf), load_elf(elf).symbols
    main = functions.at(symbols["main"])
    assert main is not None
    assert (main.name, main.start) == ("main", symbols["main"])
    assert functions.at(main.end - 2) == main
    assert functions.at(main.end) != main
    assert functions.at(main.start - 2) != main
    assert functions.at(0x0800_0000) is None  # the vector table
    assert functions.at(0) is None


def test_functions_do_not_overlap(compile_firmware):
    functions = list(read_functions(compile_firmware(SOURCE)))
    assert all(one.end <= other.start for one, other in pairwise(functions))
    assert all(one.start < one.end for one in functions)


def test_a_symbol_without_a_size_reaches_to_the_next(compile_firmware):
    by_name = {function.name: function for function in read_functions(compile_firmware(SOURCE))}
    assert by_name["by_hand"].end - by_name["by_hand"].start == 2
    assert by_name["inner_label"].end == by_name["after"].start


def test_a_place_is_a_function_and_an_offset(compile_firmware):
    functions = read_functions(compile_firmware(SOURCE))
    twice = next(function for function in functions if function.name == "twice")
    assert functions.place(twice.start + 2) == "twice+0x2"
    assert functions.place(0x2000_0000) == "?"


def test_functions_of_one_name_are_told_apart_by_their_files(compile_firmware):
    source = (
        "static void clock_pll(void) { seen[0]++; } int main(void) { clock_pll(); clock_216(); return 0; }"
    )
    elf = compile_firmware(source, "-O1", "-fno-inline")
    names = [function.name for function in read_functions(elf) if "clock_pll" in function.name]
    assert sorted(names) == sorted([f"clock_pll ({elf.stem}.c)", "clock_pll (services.c)"])


def test_the_cold_part_of_a_function_has_its_name(compile_firmware):
    source = """
    __asm(".text\\n .thumb\\n .type worker, %function\\n worker: cbz r0, 1f\\n bx lr\\n 1: b worker.cold\\n"
          ".size worker, .-worker\\n .type worker.cold, %function\\n worker.cold: movs r0, #1\\n bx lr\\n"
          ".size worker.cold, .-worker.cold\\n");
    int main(void) { return 0; }
    """
    functions = [function.name for function in read_functions(compile_firmware(source))]
    assert functions.count("worker") == 2
    assert not any("cold" in name for name in functions)


def test_names_of_cpp_are_readable(compile_firmware, tmp_path):
    source = (
        "namespace nn { struct Conv { int Eval(int *x, const char *) const; };"
        " int Conv::Eval(int *x, const char *) const { return *x; } }"
    )
    options = ("-Wl,--entry=0x08000000", "-Wl,-Ttext=0x08000000", "-fno-exceptions")
    elf = compile_arm(tmp_path, {"kernel.cc": source}, *options)
    (function,) = [each for each in read_functions(elf) if "Eval" in each.name]
    assert function.name == "nn::Conv::Eval(int*, char const*) const"
    assert read_functions(elf).place(function.start + 4) == "nn::Conv::Eval+0x4"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("main", "main"),
        ("f(int)", "f"),
        ("a::f(b<void (*)(int)>, c) const", "a::f"),
        ("a::(anonymous namespace)::f(int)", "a::(anonymous namespace)::f"),
        ("clock_pll (services.c)", "clock_pll"),
        ("operator()(int)", "operator()"),
        ("(no symbol in flash)", "(no symbol in flash)"),
        (")", ")"),
        ("", ""),
    ],
)
def test_a_short_name_has_no_arguments(name, short):
    assert short_name(name) == short


def test_a_stripped_file_has_no_functions(compile_firmware, tmp_path):
    stripped = tmp_path / "stripped.elf"
    run("arm-none-eabi-strip", compile_firmware(SOURCE), "-o", stripped)
    assert len(read_functions(stripped)) == 0


def test_a_file_that_has_vanished_is_an_error_in_a_sentence(tmp_path):
    with pytest.raises(VirtualBoardError) as raised:
        read_functions(tmp_path / "gone.elf")
    assert str(raised.value) == (
        f"{tmp_path}/gone.elf cannot be read: No such file or directory.\n"
        "  Give the path of a firmware's ELF file."
    )


def test_between_functions_is_nothing():
    functions = Functions([Function("b", 0x20, 0x24), Function("a", 0x10, 0x18)])
    assert [functions.place(address) for address in (0x0E, 0x10, 0x16, 0x18, 0x20, 0x24)] == [
        "?",
        "a+0x0",
        "a+0x6",
        "?",
        "b+0x0",
        "?",
    ]
