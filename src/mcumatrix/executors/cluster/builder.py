"""Builds on the workers of a cluster, by the compiler that all of them have."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock

from mcumatrix.artifact import write_atomically
from mcumatrix.errors import BuildError, ToolError
from mcumatrix.executors.cluster.bundle import Bundle, pack
from mcumatrix.executors.cluster.connection import Connection
from mcumatrix.executors.cluster.there import Built, build_there, identity_there, machine_there
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.model.inputs import NOTHING

_NOT_SOURCES = frozenset({"models"})
"""Under `firmware/`: what no plan compiles."""

_Compiler = tuple[Toolchain, tuple[str, ...]]


class ClusterBuilder:
    """Executes plans on workers that have the same compiler; the others are refused, each with a sentence."""

    def __init__(self, connection: Connection, say: Callable[[str], None]) -> None:
        self._connection = connection
        self._say = say
        self._lock = Lock()
        self._answers: dict[_Compiler, dict[str, ToolchainIdentity | str]] = {}
        self._chosen: dict[_Compiler, ToolchainIdentity] = {}
        self._refused: set[tuple[str, str]] = set()
        self._bundle: Callable[[Path, frozenset[str]], Bundle] = cache(pack)

    def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
        """Raises:
        ToolError: no worker has it, or there is no worker.
        """
        self._able((toolchain, cpu_flags))
        return self._chosen[toolchain, cpu_flags]

    def execute(self, plan: BuildPlan, folders: BuildFolders, log: Path) -> None:
        compiler = plan.toolchain, plan.cpu_flags
        inputs = {path.name: path.read_bytes() for path in folders.inputs.iterdir()}
        sources = self._bundle(folders.sources, _NOT_SOURCES)
        trees = {name: self._bundle(path, frozenset()) for name, path in folders.trees}
        # What it was made from by name is of no use there, and long.
        short = replace(plan, inputs=NOTHING)
        built: Built = self._connection.result(
            build_there,
            lambda: (
                self._connection.asker,
                short,
                inputs,
                self._held(sources),
                {name: self._held(tree) for name, tree in trees.items()},
            ),
            workers=lambda: self._able(compiler),
            resources={},
            what=plan.name,
        )
        log.write_bytes(built.log)
        if built.error is not None:
            # Its log is here now.
            built.error.hint = built.error.hint.replace(built.folder, str(folders.output))
            built.error.message = built.error.message.replace(built.folder, str(folders.output))
            raise built.error
        for name in plan.outputs:
            data, sha256 = built.outputs[name]
            if hash_bytes(data) != sha256:
                raise BuildError(
                    f"{plan.name}: {name} is not what the worker made.",
                    hint="Run it again; check the network.",
                )
            write_atomically(folders.output / name, data)

    def _held(self, bundle: Bundle) -> object:
        return self._connection.held(bundle.sha256, bundle)

    def _able(self, compiler: _Compiler) -> tuple[str, ...]:
        """The workers that have the compiler; those that have come since are asked. Raises ToolError."""
        with self._lock:
            there = self._connection.workers()
            answers = self._answers.setdefault(compiler, {})
            new = sorted(set(there) - set(answers))
            asker = self._connection.asker
            answers.update(self._connection.ask_each(identity_there, asker, *compiler, workers=new))
            found = {address: answers[address] for address in sorted(set(there) & set(answers))}
            identities = [one for one in found.values() if isinstance(one, ToolchainIdentity)]
            if compiler not in self._chosen and identities:
                self._chosen[compiler] = identities[0]
            chosen = self._chosen.get(compiler)
            self._say_refused(compiler[0], found, chosen)
            able = tuple(address for address, one in found.items() if chosen and one == chosen)
        if not able:
            reasons = [one for one in found.values() if isinstance(one, str)]
            raise ToolError(
                f"No worker of the cluster has the toolchain {compiler[0].name}"
                + (f": {reasons[0]}" if reasons else "."),
                hint="Install it on a worker; `doit worker` connects one to the scheduler.",
            )
        return able

    def _say_refused(
        self,
        toolchain: Toolchain,
        found: dict[str, ToolchainIdentity | str],
        chosen: ToolchainIdentity | None,
    ) -> None:
        refused = {
            address: one
            for address, one in found.items()
            if chosen and one != chosen and (address, toolchain.name) not in self._refused
        }
        machines = self._connection.ask_each(machine_there, workers=tuple(refused))
        for address, one in refused.items():
            self._refused.add((address, toolchain.name))
            has = one if isinstance(one, str) else f"it has {one.version}, whose files are others."
            who = f"The worker {address} on {machines.get(address, 'a host that is gone')}"
            self._say(f"{who} builds nothing with {toolchain.name}: {has}")

    def stop(self) -> None:
        """Ends whatever is being built and run on the cluster for us."""
        self._connection.stop()

    def reap(self) -> None:
        """Workers clean up behind themselves."""
