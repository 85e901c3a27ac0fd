"""Containers: whatever happens while one runs, none is left."""

from collections.abc import Callable

import pytest

from mcumatrix.adapters.builders.docker.builder import DockerBuilder
from mcumatrix.adapters.builders.docker.container import Container, Job
from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.limits import limits_of_machine
from mcumatrix.adapters.builders.docker.owner import LABEL, own_mark
from mcumatrix.errors import ToolError
from mcumatrix.model.catalogue import Toolchain


@pytest.fixture
def make_container(
    engine: Engine, make_builder: Callable[..., DockerBuilder], debian_12: Toolchain
) -> Callable[[str], Container]:
    image_id = make_builder().identity(debian_12).image_id

    def make(script: str) -> Container:
        return Container(engine, Job(image_id, script, (), {}, "65532:65532", limits_of_machine()))

    return make


def _left(engine: Engine) -> list[str]:
    return [str(one["Id"]) for one in engine.containers(LABEL) if one["Labels"][LABEL] == own_mark()]


def test_what_is_printed_is_heard_and_what_is_reported_comes_in_the_end(
    engine: Engine, make_container: Callable[[str], Container]
) -> None:
    heard: list[bytes] = []
    ended = make_container("echo printed; echo reported >&2; exit 7").run(heard.append)
    assert b"".join(heard) == b"printed\n"
    assert (ended.exit_code, ended.report, ended.out_of_memory) == (7, "reported\n", False)
    assert _left(engine) == []


def test_a_container_that_talks_without_end_is_gone_when_nobody_listens_any_more(
    engine: Engine, make_container: Callable[[str], Container]
) -> None:
    def interrupted(data: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_container("yes").run(interrupted)
    assert _left(engine) == []


def test_what_was_killed_before_it_began_does_not_begin(
    engine: Engine, make_container: Callable[[str], Container]
) -> None:
    container = make_container("yes")
    container.kill()
    heard: list[bytes] = []
    assert container.run(heard.append).exit_code == 137
    assert heard == []
    assert _left(engine) == []


def test_an_image_that_is_gone_is_said_so(engine: Engine) -> None:
    job = Job("sha256:" + "0" * 64, "true", (), {}, "65532:65532", limits_of_machine())
    with pytest.raises(ToolError) as error:
        Container(engine, job).run(print)
    assert error.value.message.startswith("The Docker engine could not run a build: No such image")
