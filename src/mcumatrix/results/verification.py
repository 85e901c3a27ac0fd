"""Whether each file of some results is as it was made: one changed byte is found, and its file named."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.artifact import MANIFEST, changed_outputs, is_below, manifest_bytes
from mcumatrix.errors import McuMatrixError
from mcumatrix.hashing import hash_file
from mcumatrix.results.chain import Chain, Link
from mcumatrix.results.inputs import FOLDER as INPUTS
from mcumatrix.results.reproductions import RUNS
from mcumatrix.results.store import (
    CHAIN_FILE,
    HEALTH_FOLDER,
    TRACE_SUFFIX,
    has_trace,
    read_linked,
    trace_file,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, and what is wrong with it; empty where nothing is.

    `was_unconfirmed` is for what a process that was killed may have left: it was never part of the results.
    """

    path: Path
    problem: str = ""
    was_unconfirmed: bool = False


def check_results(folder: Path) -> Iterator[Checked]:
    """Every record, log and report file below `results/<matrix>`, and what should be there and is not.

    The chain has the hash of each record, a record that of its log, the manifest those of the reports, and
    what results were made from has its own for a name. Runs of reproductions and tests of units have chains
    of their own.
    """
    yield from check_kept(folder)
    yield from check_made(folder)


def check_kept(folder: Path) -> Iterator[Checked]:
    """The same without reports: what cannot be made again."""
    yield from _check_records(folder / "records")
    yield from _check_records(folder / RUNS)
    yield from _check_records(folder / HEALTH_FOLDER)
    yield from _check_inputs(folder / INPUTS)


def _check_records(records: Path) -> Iterator[Checked]:
    chain = records / CHAIN_FILE
    try:
        links = Chain(chain).links()
        data = chain.read_bytes() if chain.exists() else b""
    except (OSError, McuMatrixError) as error:
        yield Checked(chain, _message(error))
        return
    if data:
        yield Checked(
            chain, "" if data.endswith(b"\n") else "its last line was cut short", was_unconfirmed=True
        )
    for link in links:
        yield from _check_link(records, link)
    # What nobody has vouched for: put there, or its line was taken out of the chain.
    known = {link.record for link in links}
    logs = {str(Path(name).with_suffix(".log")) for name in known}
    for path in sorted(records.glob("*/*")):
        name = path.relative_to(records).as_posix()
        if path.suffix == ".json" and name not in known:
            yield Checked(path, f"it is not in {CHAIN_FILE}, which has every record that was kept")
        elif (path.suffix == ".log" and name not in logs) or (
            path.suffix == TRACE_SUFFIX and name.removesuffix(TRACE_SUFFIX) + ".json" not in known
        ):
            yield Checked(path, "no record belongs to it", was_unconfirmed=True)


def _check_inputs(folder: Path) -> Iterator[Checked]:
    for path in sorted(folder.glob("*.json")):
        yield Checked(
            path, "" if hash_file(path) == path.stem else "it was changed: its name is another hash"
        )


def _check_link(records: Path, link: Link) -> Iterator[Checked]:
    path = records / link.record
    try:
        record = read_linked(records, link)
    except McuMatrixError as error:
        # The error names the file that it is about: the record, its log, or its trace.
        beside = (path.with_suffix(".log"), trace_file(path))
        named = next((file for file in beside if str(file) in error.message), path)
        yield Checked(named, _message(error))
        return
    if record is None:
        yield Checked(path, f"it was removed; {CHAIN_FILE} has it as number {link.number}")
        return
    yield Checked(path)
    yield Checked(path.with_name(record.log))
    if has_trace(record):
        yield Checked(trace_file(path))


def check_made(folder: Path) -> Iterator[Checked]:
    """The files that a folder's manifest declares; nothing where there is no manifest.

    The manifest has no hash of its own: one that does not have its form is found, and so is every hash in it
    that is not that of its file. Another fingerprint is not: it has what is there made again, and no more.
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        return
    try:
        data = manifest.read_bytes()
        document = json.loads(data)
        outputs = sorted(document["outputs"])
        is_as_written = manifest_bytes(document["fingerprint"], document["outputs"]) == data
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        yield Checked(manifest, f"it is no manifest: {error}")
        return
    if elsewhere := [name for name in outputs if not is_below(name)]:
        yield Checked(manifest, f"it is no manifest: it names {elsewhere[0]!a}, which is not in its folder")
        return
    yield Checked(manifest, "" if is_as_written else "it is no manifest")
    changed = set(changed_outputs(folder))
    for name in outputs:
        path = folder / name
        if not path.is_file():
            yield Checked(path, f"it was removed; {MANIFEST} has it")
        else:
            yield Checked(path, f"it was changed: {MANIFEST} has another hash" if name in changed else "")


def check_images(images: Path, elf_sha256_by_build_id: dict[str, str]) -> Iterator[Checked]:
    """The images of some records, where they are still there, in the folders that builds have left.

    Each must be what its manifest says, and its ELF file the one that the record names.
    """
    for build_id, elf_sha256 in elf_sha256_by_build_id.items():
        for folder in image_folders(images, build_id):
            for checked in check_made(folder / "output"):
                is_elf = checked.path.name == "image.elf" and not checked.problem
                if is_elf and hash_file(checked.path) != elf_sha256:
                    yield Checked(checked.path, "it is not the image that its record was made with")
                else:
                    yield checked


def image_folders(images: Path, build_id: str) -> list[Path]:
    """Where builds have left an image: a folder's name ends with the start of the build id."""
    # A record of strangers may have any text there.
    return sorted(images.glob(f"*-{build_id[:12]}")) if build_id.isalnum() else []


def _message(error: Exception) -> str:
    return error.message if isinstance(error, McuMatrixError) else str(error)
