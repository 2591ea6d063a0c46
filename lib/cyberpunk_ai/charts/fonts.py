"""The fonts of the product: files that we ship with their licence, and the CSS that loads them from where a host serves them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

# Family in the tokens, file, weight, and the characters it holds where it holds no common ones.
_EXTENDED = "U+0100-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+0304, U+0308, U+0329, U+1E00-1E9F, U+1EF2-1EFF, U+20A0-20C0"
FONTS = (
    ("Cyberpunk Display", "chakra-petch-500.woff2", "500", ""),
    ("Cyberpunk Display", "chakra-petch-600.woff2", "600", ""),
    ("Cyberpunk Text", "inter.woff2", "100 900", ""),
    ("Cyberpunk Text", "inter-ext.woff2", "100 900", _EXTENDED),
    ("Cyberpunk Mono", "jetbrains-mono.woff2", "100 800", ""),
)


def fonts_folder() -> Path:
    """Find the font files: beside this module in an installed wheel, in `themes/` of a checkout."""
    packaged = Path(str(files("cyberpunk_ai.charts"))) / "fonts"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "themes" / "fonts"


def font_faces(address: str) -> str:
    """Write the CSS rules that load the fonts.

    Args:
        address: Where the files are served, relative to the stylesheet or the page, without a slash at the end.
    """
    rules = []
    for family, name, weight, characters in FONTS:
        reach = f" unicode-range: {characters};" if characters else ""
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-style: normal; font-display: swap; font-weight: {weight};'
            f' src: url("{address}/{name}") format("woff2");{reach} }}'
        )
    return "\n".join(rules)
