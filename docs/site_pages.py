"""What mkdocs needs besides docs/: the pages at the root of the checkout become pages of the site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
#: files at the root -> pages of the site
ROOT_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "CHANGELOG.md": "changelog.md",
}
LINK = re.compile(r"\[([^\]]+)\]\(([^):#]+)(#[^)]*)?\)")


def site_link(found: re.Match[str]) -> str:
    """A link between pages; one to another file of the checkout becomes its text."""
    text, target, anchor = found[1], found[2].removeprefix("../").removeprefix("docs/"), found[3] or ""
    target = ROOT_PAGES.get(target, target)
    if target.endswith((".md", ".png")):
        return f"[{text}]({target}{anchor})"
    return f"{text} (`{target}`)"


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the root."""
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links as they are on the site."""
    return LINK.sub(site_link, markdown)
