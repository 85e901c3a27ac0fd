"""Images with an application besides the benchmark, around the fake runtime."""

from pathlib import Path

from mcumatrix import wire
from support.compiling import run
from support.firmware_images import FIRMWARE, HELLO, Build

APPLICATIONS = FIRMWARE / "application"


def image_with(
    application: str, build: Build, folder: Path, hello: wire.Hello = HELLO, *options: str
) -> Path:
    """Links an image with an application beside that of a build; returns its ELF file. That of the build is
    made anew where other tests have left it with another digit or runtime. The library of the application is
    configured with `options` besides.
    """
    build.render(hello)
    build.make_library()
    build.compile()
    cmake = ("cmake", "-G", "Ninja")
    common = (
        f"-DCMAKE_TOOLCHAIN_FILE={FIRMWARE}/cmake/arm-none-eabi.cmake",
        f"-DMCUMATRIX_BOARD={build.board}",
        f"-DMCUMATRIX_GENERATED={build.folder / 'generated'}",
    )
    library, image = folder / "library", folder / "image"
    run(*cmake, "-S", APPLICATIONS / application, "-B", library, *common, *options)
    run("ninja", "-j2", "-C", library)
    run(
        *(*cmake, "-S", FIRMWARE, "-B", image, *common, "-DMCUMATRIX_RUNTIME=fake"),
        f"-DMCUMATRIX_LIBRARY={build.folder / 'library' / 'libruntime.a'}",
        f"-DCMAKE_PROJECT_mcumatrix_image_INCLUDE={APPLICATIONS / 'images.cmake'}",
        f"-DMCUMATRIX_APPLICATIONS={application}",
        f"-DMCUMATRIX_{application.upper().replace('-', '_')}={library / f'lib{application}.a'}",
    )
    run("ninja", "-j2", "-C", image)
    return image / "image.elf"
