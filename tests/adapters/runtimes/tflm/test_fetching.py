"""A runtime whose code comes from a server: what is fetched, unpacked and asked."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from adapters.runtimes.tflm.conftest import NEW, files_of, kernel
from mcumatrix import registry
from mcumatrix.errors import SourceError
from mcumatrix.model.catalogue import Element, Runtime, Source
from mcumatrix.model.kernels import KERNELS_FILE, KernelFacts
from mcumatrix.model.network import Operator
from sources.loopback import Site, data, serving
from sources.packing import entry, tar

REPOSITORY = Path(__file__).parents[4]
REFUSAL = "if (input->type != filter->type) return kTfLiteError;\n"
OPERATORS = frozenset({"CONV_2D", "SOFTMAX"})
ARCHIVES: Mapping[str, Mapping[str, str]] = {
    "tensorflow": {
        **files_of("arena", NEW),
        f"{NEW}/kernels/conv.cc": kernel("CONV_2D", REFUSAL),
        f"{NEW}/kernels/cmsis-nn/conv.cc": kernel("CONV_2D", "void Eval() { arm_convolve_s8(context); }\n"),
        "tensorflow/python/left_out.py": "",
    },
    "flatbuffers": {"include/flatbuffers/flatbuffers.h": "", "left_out.txt": ""},
    "gemmlowp": {f"{folder}/x.h": "" for folder in ("internal", "profiling", "public")}
    | {"fixedpoint/fixedpoint.h": ""},
    "cmsis": {
        "CMSIS/NN/Include/arm_nnfunctions.h": "int arm_convolve_s8(void *context);\n",
        "CMSIS/NN/Source/arm_convolve_s8.c": "int arm_convolve_s8(void *context) { return 0; }\n",
        "CMSIS/Core/Include/core_cm7.h": "",
        "CMSIS/DSP/Include/arm_math.h": "",
    },
}


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MCUMATRIX_CACHE", str(folder))
    for name in ("MCUMATRIX_MIRRORS", "MCUMATRIX_SOURCE_TFLM_9"):
        monkeypatch.delenv(name, raising=False)
    return folder


def an_entry(site: Site) -> Runtime:
    """A catalogue entry for archives that the server has."""
    sources = []
    for name, files in ARCHIVES.items():
        contents = tar(entry(f"{name}-9/{path}", text.encode()) for path, text in files.items())
        url = site.put(f"/{name}/v9.tar.gz", data(contents))
        sources.append(Source(name, url, f"sha256:{hashlib.sha256(contents).hexdigest()}"))
    return Runtime(
        "tflm-9",
        "tflm",
        ("reference", "cmsis-nn"),
        (Element.FLOAT32,),
        tuple(sources),
        operators=("CONV_2D", "SOFTMAX"),
    )


def inputs_of(found: Runtime, kernels: str) -> Mapping[str, bytes]:
    runtime = registry.runtimes.runtime(found, REPOSITORY / "firmware", REPOSITORY / "templates")
    return runtime.library_inputs(kernels, runtime.folders(kernels))


def test_what_a_set_of_kernels_needs_is_fetched_once_and_asked(site: Site) -> None:
    found = an_entry(site)
    reference = inputs_of(found, "reference")
    assert sorted(path for path, _ in site.asked) == [
        "/flatbuffers/v9.tar.gz",
        "/gemmlowp/v9.tar.gz",
        "/tensorflow/v9.tar.gz",
    ], "the reference kernels need no CMSIS"
    assert (
        reference[KERNELS_FILE]
        == KernelFacts(frozenset({Operator.CONV_2D}), OPERATORS, ("NDEBUG",)).to_json()
    )
    assert f"{NEW}/kernels/conv.cc" in reference["tflm.cmake"].decode()

    optimised = inputs_of(found, "cmsis-nn")
    assert [path for path, _ in site.asked[3:]] == ["/cmsis/v9.tar.gz"]
    assert (
        optimised[KERNELS_FILE]
        == KernelFacts(frozenset(), OPERATORS, ("NDEBUG",), float_functions=False).to_json()
    )
    assert "arm_convolve_s8" in optimised["tflm.cmake"].decode()

    site.asked.clear()
    assert inputs_of(found, "cmsis-nn") == optimised
    assert site.asked == []


def test_only_the_parts_that_a_library_needs_are_unpacked(site: Site) -> None:
    runtime = registry.runtimes.runtime(an_entry(site), REPOSITORY / "firmware", REPOSITORY / "templates")
    folders = runtime.folders("cmsis-nn")
    assert {path.name for path in (folders["tensorflow"] / "tensorflow").iterdir()} == {"lite"}
    assert {path.name for path in folders["flatbuffers"].iterdir()} == {"include"}


def test_an_archive_with_other_contents_is_refused_and_says_what_was_pinned(site: Site) -> None:
    found = an_entry(site)
    site.put("/gemmlowp/v9.tar.gz", data(b"\x1f\x8b something else"))
    with pytest.raises(SourceError) as error:
        inputs_of(found, "reference")
    assert "gemmlowp-v9.tar.gz" in str(error.value)
    assert found.sources[2].checksum.removeprefix("sha256:") in str(error.value)


def test_without_the_server_the_error_names_every_file_and_where_to_put_it(site: Site, cache: Path) -> None:
    found = an_entry(site)
    site.answers.clear()
    with pytest.raises(SourceError) as error:
        inputs_of(found, "cmsis-nn")
    assert error.value.message.startswith("4 sources cannot be had:\n")
    for source in found.sources:
        digest = source.checksum.removeprefix("sha256:")
        place = cache / "archives" / "sha256" / digest / f"{source.name}-v9.tar.gz"
        assert str(place) in error.value.message
        assert source.url in error.value.message


def test_one_archive_that_is_missing_is_said_as_it_is(site: Site) -> None:
    found = an_entry(site)
    del site.answers["/cmsis/v9.tar.gz"]
    with pytest.raises(SourceError) as error:
        inputs_of(found, "cmsis-nn")
    assert error.value.message == (
        f"cmsis-v9.tar.gz could not be fetched:\n    {site.url}/cmsis/v9.tar.gz: it answered 404 Not Found"
    )
