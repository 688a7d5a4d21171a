"""QR codes in the terminal, for the cameras of others. The library segno draws them."""

from __future__ import annotations

from toxpy.cli.terminal import Failure

#: Modules of white around a code that readers need.
_BORDER = 4


def qr_lines(text: str) -> str:
    """The code in lines of half blocks, two rows of modules in each.

    White is drawn, so it is right on a dark terminal; readers take the inverse of it on a light one too.
    """
    try:
        import segno
    except ModuleNotFoundError as error:
        raise Failure("a QR code needs the package segno: pip install segno", 2) from error
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=_BORDER)]
    if len(rows) % 2:
        # one more line of white
        rows.append([0] * len(rows[0]))
    # whether upper and lower half are black
    halves = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return "\n".join(
        "".join(halves[bool(upper), bool(lower)] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )
