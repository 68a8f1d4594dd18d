"""Colours by role, light and dark: told apart by those who see few colours, and by a dash or a place besides.

The two signs are blue and vermilion of Okabe and Ito, the negative one dashed too; inputs are teal and stand below,
outputs orange and above.
"""

from collections.abc import Mapping

from relucirc.core.errors import RelucircError

LIGHT: Mapping[str, str] = {
    "paper": "#ffffff",
    "ink": "#22262b",
    "soft": "#5d6670",
    "faint": "#c9ced4",
    "grid": "#e6e9ec",
    "input": "#c5e8e3",
    "input line": "#0b7a6f",
    "hidden": "#e4e7ea",
    "hidden line": "#646c75",
    "below": "#f7f8f9",
    "output": "#fbdcae",
    "output line": "#b06a00",
    "on": "#fff3b0",
    "plus": "#1f5fa8",
    "minus": "#c2470c",
    "box": "#f1f5fa",
    "box line": "#7d93ad",
    "mark": "#a3195b",
    "fill 0": "#cfe3f5",
    "fill 1": "#fbdcae",
    "fill 2": "#c5e8e3",
    "fill 3": "#f2cfe0",
    "fill 4": "#f4efb4",
    "fill 5": "#dcd5f0",
    "fill 6": "#dfe3e6",
    "fill 7": "#f6cdbd",
    "heat 0": "#f4f6f8",
    "heat 1": "#dbe6f0",
    "heat 2": "#bdd3e6",
    "heat 3": "#97bbd9",
    "heat 4": "#6a9dc7",
    "heat 5": "#427eb2",
    "heat 6": "#245f96",
    "heat 7": "#103f6e",
}
DARK: Mapping[str, str] = {
    "paper": "#15181c",
    "ink": "#e8eaed",
    "soft": "#a7afb8",
    "faint": "#4d555e",
    "grid": "#2b3036",
    "input": "#12504a",
    "input line": "#58c9bb",
    "hidden": "#3a4149",
    "hidden line": "#a2abb5",
    "below": "#23282e",
    "output": "#6b4505",
    "output line": "#f2b04c",
    "on": "#5e5410",
    "plus": "#7cb5f2",
    "minus": "#ff9a66",
    "box": "#1d242d",
    "box line": "#6d839c",
    "mark": "#ff8cc0",
    "fill 0": "#1e4568",
    "fill 1": "#5f430e",
    "fill 2": "#12504a",
    "fill 3": "#5c2643",
    "fill 4": "#4f4a10",
    "fill 5": "#423867",
    "fill 6": "#3d444b",
    "fill 7": "#64301d",
    "heat 0": "#1b2026",
    "heat 1": "#1c2f42",
    "heat 2": "#1f4161",
    "heat 3": "#275782",
    "heat 4": "#3672a5",
    "heat 5": "#5490c4",
    "heat 6": "#82b3dd",
    "heat 7": "#bcdaf2",
}
FILLS, HEATS = 8, 8
THEMES = ("auto", "light", "dark")


def colours(theme: str) -> Mapping[str, str]:
    """The colours of a theme; ``"auto"`` has the light ones, and SVG changes them where its reader asks for dark.

    Raises:
        RelucircError: For a theme that there is not.
    """
    if theme not in THEMES:
        raise RelucircError(f"theme: expected one of {', '.join(THEMES)}, got {theme!r}.")
    return DARK if theme == "dark" else LIGHT
