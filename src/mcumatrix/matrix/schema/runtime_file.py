"""What may stand in matrix/runtimes."""

from typing import Annotated, Literal

from pydantic import Field

from mcumatrix.matrix.schema.scalars import (
    Commit,
    GitUrl,
    HttpsUrl,
    Md5,
    Name,
    RelativePath,
    Revision,
    Sha256,
    Strict,
)
from mcumatrix.model.catalogue import Element


class SourceFile(Strict):
    """Code from elsewhere: a pinned archive (url with sha256 or md5), a commit (git with commit), or a folder
    (path)."""

    url: HttpsUrl = Field(default="", description="Where the archive is.")
    sha256: Sha256 = Field(default="", description="SHA-256 of the archive.")
    md5: Md5 = Field(default="", description="MD5 of the archive, where its project pins it so.")
    git: GitUrl = Field(default="", description="Where a git repository is, in place of an archive.")
    commit: Commit = Field(default="", description="The id of its commit, 40 hexadecimal digits.")
    revision: Revision = Field(
        default="", description="The branch or tag that the commit had, for people; nothing is fetched by it."
    )
    revisions: dict[Revision, Commit] = Field(
        default={}, description="More commits, by names that an axis called after the source may have."
    )
    path: str = Field(default="", description="A folder in place of an archive, from the project's folder.")


class RuntimeFile(Strict):
    """An inference library at one version."""

    description: str = ""
    adapter: Name = Field(description="The adapter that prepares its sources.")
    kernels: Annotated[list[Name], Field(min_length=1)] = Field(
        description="The sets of kernels that it offers."
    )
    elements: Annotated[list[Element], Field(min_length=1)] = Field(
        description="The activations that it runs."
    )
    hybrid: Literal["tried", "refused"] = Field(
        default="tried", description="What becomes of models whose weights alone are quantised."
    )
    operators: Literal["needed", "all"] = Field(
        default="needed",
        description="Which operators are compiled: those of the matrix's models, or all that there are.",
    )
    assertions: Literal["left-out", "kept"] = Field(
        default="left-out", description="Whether the library's assertions are compiled: they take time."
    )
    patches: list[RelativePath] = Field(
        default=[],
        description="Unified diffs that are applied to a copy of the source tensorflow, from the project's "
        "folder.",
    )
    sources: dict[Name, SourceFile] = Field(
        default={}, description="Code from elsewhere that its library is compiled from, by name."
    )
