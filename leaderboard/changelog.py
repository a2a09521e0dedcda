"""The changelog's Markdown as HTML: headings, lists and code, which is all it uses. Pure."""

from __future__ import annotations

import re

from markupsafe import escape

_CODE = re.compile(r"`([^`]+)`")


def html(markdown: str) -> str:
    """HTML of the part below the title; everything is escaped, headings begin at the third level."""
    out: list[str] = []
    item: list[str] = []
    listed = False

    def close_item() -> None:
        if item:
            out.append(f"<li>{_inline(' '.join(item))}</li>")
            item.clear()

    for line in markdown.splitlines():
        heading = re.match(r"(#+) +(.*)", line)
        if line.startswith("- "):
            close_item()
            if not listed:
                out.append("<ul>")
                listed = True
            item.append(line[2:].strip())
        elif line.startswith(" ") and item:
            item.append(line.strip())
        elif not line.strip():
            close_item()
        else:
            close_item()
            if listed:
                out.append("</ul>")
                listed = False
            if heading is None:
                out.append(f"<p>{_inline(line.strip())}</p>")
            elif len(heading[1]) > 1:
                level = min(6, len(heading[1]) + 1)
                out.append(f"<h{level}>{_inline(heading[2])}</h{level}>")
    close_item()
    if listed:
        out.append("</ul>")
    return "\n".join(out)


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", str(escape(text)))
