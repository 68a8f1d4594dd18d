"""What every picture is: SVG text, which notebooks show, and which is saved as what the file's suffix says."""

import os
from typing import Self

from relucirc.core.errors import RelucircError, require_suffix, shorten
from relucirc.core.writing import write_text
from relucirc.pictures.painting import write_figure
from relucirc.pictures.shapes import Scene
from relucirc.pictures.svg import svg_text
from relucirc.pictures.tikz import tikz_text


def expect(value: object, kind: type, what: str) -> None:
    """Refuses to draw what is of another kind.

    Raises:
        RelucircError: When it is.

    Example:
        >>> expect(3, str, "a text")
        Traceback (most recent call last):
        relucirc.core.errors.RelucircError: expected a text to draw, got 3 of type int.
    """
    if not isinstance(value, kind):
        raise RelucircError(f"expected {what} to draw, got {shorten(value)} of type {type(value).__name__}.")


class Drawing(str):
    """SVG text that notebooks show as the picture it is.

    Attributes:
        scene: The shapes that it is made of.
        theme: ``"auto"``, ``"light"`` or ``"dark"``.
    """

    scene: Scene
    theme: str

    def __new__(cls, scene: Scene, theme: str = "auto") -> Self:
        """Writes the scene."""
        made = super().__new__(cls, svg_text(scene, theme))
        made.scene, made.theme = scene, theme
        return made

    def __getnewargs__(self) -> tuple[Scene, str]:  # type: ignore[override]
        return self.scene, self.theme

    def __repr__(self) -> str:
        return f"<drawing of {self.scene.title}, {self.scene.width:.0f} x {self.scene.height:.0f} pixels>"

    def __str__(self) -> str:
        return str.__str__(self)

    def _repr_svg_(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """The picture in the page itself: notebooks that show SVG as an image show nothing on hover."""
        return f'<div style="max-width:{self.scene.width:.0f}px">{self}</div>'

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the picture.

        Args:
            path: A file whose suffix says the format: ``.svg``, ``.pdf`` or ``.png`` (both by matplotlib, in the light
                colours unless the theme is dark), or ``.tex`` (TikZ, for a paper).

        Raises:
            FileError: For another suffix, or when the file cannot be written.
            RelucircError: For .pdf and .png where matplotlib is not installed.
        """
        require_suffix(path, "a drawing", ".svg", ".pdf", ".png", ".tex")
        suffix = os.path.splitext(os.fsdecode(path))[1].lower()
        theme = "light" if self.theme == "auto" else self.theme
        if suffix == ".svg":
            write_text(path, str(self))
        elif suffix == ".tex":
            write_text(path, tikz_text(self.scene, theme))
        else:
            write_figure(path, suffix, self.scene, theme)
