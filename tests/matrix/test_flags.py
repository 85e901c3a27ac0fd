"""Flags and CMake variables that a matrix may set, and those that it may not."""

import pytest

from mcumatrix.matrix.flags import RefusedError, check_cmake_name, check_cmake_value, check_flag

FILES = "it reads or writes files, or runs something else than the compiler"
KIND = "it is not of a kind that a matrix may set"
DASH = "it does not begin with '-'"
SPACE = "it has a space"


@pytest.mark.parametrize(
    "flag",
    [
        *("-O0", "-O", "-O3", "-Os", "-Oz", "-Ofast", "-Og"),
        *("-DNDEBUG", "-DTILE=8", "-DPATH_LIKE=a/b", '-DTEXT="x"', "-DEMPTY=", "-UNDEBUG"),
        *("-g", "-g3", "-ggdb", "-gdwarf-4", "-gz"),
        *("-flto", "-ffast-math", "-fno-inline", "-funroll-loops", "-finline-limit=50", "-fstack-protector"),
        *("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=softfp", "-mno-unaligned-access"),
        *("-Wall", "-Wno-error", "-Werror=shadow", "-Wlogical-op", "-Warith-conversion", "-Wpedantic"),
        *("-std=c11", "-std=gnu++17", "-std=iso9899:1999"),
        *("-specs=nano.specs", "--specs=nosys.specs"),
    ],
)
def test_a_flag_that_only_changes_code_is_allowed(flag: str) -> None:
    assert check_flag(flag) == flag


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        *(
            (flag, KIND)
            for flag in ("-o", "-ox", "-I.", "-include", "-isystem", "-imacros", "-L.", "-lm", "-T")
        ),
        *(
            (flag, KIND)
            for flag in ("-wrapper", "-B.", "-x", "-E", "-S", "-c", "-M", "-MF", "-Xlinker", "-Xa")
        ),
        *(
            (flag, KIND)
            for flag in ("--param", "--sysroot=x", "-specs=own.specs", "-specs=../nano.specs", "-")
        ),
        *(
            (flag, KIND)
            for flag in (
                "-D",
                "-D1=2",
                "-U",
                "-UX=1",
                "-O4",
                "-O2;-o",
                "-f/etc",
                "-m$(x)",
                "-W'",
                "-pipe",
                "--help",
            )
        ),
        *(
            (flag, KIND)
            for flag in ("-save-temps", "-dumpdir", "-print-file-name=x", "-fé", "-nostdlib", "-v")
        ),
        *((flag, FILES) for flag in ("-fplugin=x.so", "-fplugin-arg-x", "-fprofile-use", "-fprofile-use=x")),
        *((flag, FILES) for flag in ("-fno-profile-use", "-fdump-tree-all", "-fstack-usage", "-fopt-info=x")),
        *((flag, FILES) for flag in ("-fcallgraph-info", "-ftest-coverage", "-fsave-optimization-record")),
        *((flag, FILES) for flag in ("-ffile-prefix-map=a=b", "-fdebug-prefix-map=a=b", "-fuse-ld=gold")),
        *((flag, FILES) for flag in ("-fcompare-debug=-o", "-fauto-profile=x", "-fmodules-ts")),
        *((flag, FILES) for flag in ("-Wl,-T,x", "-Wa,-o,x", "-Wp,-MD,x", "-Wl,", "-gsplit-dwarf")),
        *((flag, FILES) for flag in ("-march=native", "-mcpu=native", "-mtune=native")),
        *((flag, DASH) for flag in ("", "O2", "@file", "main.c", "/etc/passwd", "../x.o", "\0-O2")),
        *((flag, SPACE) for flag in ("-O2 -g", "-O2\n", " -O2", "-DX=a b", "-D X")),
        ("-DX=$HOME", "its value has one of ; $ ` \\"),
        ("-DX=a;b", "its value has one of ; $ ` \\"),
        ("-D" + "X" * 199, "it is longer than 200 characters"),
    ],
)
def test_a_flag_that_touches_anything_else_is_refused(flag: str, why: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_flag(flag)
    assert str(caught.value) == why
    assert caught.value.hint


@pytest.mark.parametrize("name", ["TILE", "_x", "USE_CMSIS_NN", "a1"])
def test_a_cmake_variable_of_the_firmware_is_allowed(name: str) -> None:
    assert check_cmake_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("CMAKE_C_COMPILER", "names with CMAKE_ and MCUMATRIX_ belong to the build itself"),
        ("cmake_toolchain_file", "names with CMAKE_ and MCUMATRIX_ belong to the build itself"),
        ("MCUMATRIX_ROOT", "names with CMAKE_ and MCUMATRIX_ belong to the build itself"),
        ("A-B", "it is not an identifier"),
        ("A:STRING", "it is not an identifier"),
        ("A=B", "it is not an identifier"),
        ("", "it is not an identifier"),
        ("É", "it is not an identifier"),
        ("A" * 201, "it is not an identifier"),
    ],
)
def test_a_cmake_variable_of_the_build_is_refused(name: str, why: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_cmake_name(name)
    assert str(caught.value) == why


@pytest.mark.parametrize("value", ["", "8", "on", "a b", "x/y", "1.10", "é"])
def test_a_plain_cmake_value_is_allowed(value: str) -> None:
    assert check_cmake_value(value) == value


@pytest.mark.parametrize("value", ["a;b", "$ENV{HOME}", "`x`", "a\\b", 'a"b', "a\nb", "a\tb", "x" * 201])
def test_a_cmake_value_that_means_something_to_cmake_is_refused(value: str) -> None:
    with pytest.raises(RefusedError):
        check_cmake_value(value)
