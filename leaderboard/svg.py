"""Pieces that pictures of their own share. Pure."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def picture(width: float, height: float, title: str, style: str) -> Element:
    """An empty picture with its title and style sheet, for ``tostring``."""
    svg = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}", role="img")
    tip(svg, title)
    SubElement(svg, "style").text = style
    return svg


def line(parent: Element, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
    """A straight line of class ``kind``."""
    SubElement(parent, "line", {"class": kind, "x1": f"{x1}", "y1": f"{y1}", "x2": f"{x2}", "y2": f"{y2}"})


def words(parent: Element, x: float, y: float, content: str, anchor: str) -> None:
    """One line of text; ``anchor`` is SVG's ``text-anchor``."""
    SubElement(parent, "text", {"x": f"{x}", "y": f"{y}", "text-anchor": anchor}).text = printable(content)


def tip(parent: Element, content: str) -> None:
    """What is shown when the pointer rests on ``parent``, and read aloud in its place."""
    SubElement(parent, "title").text = printable(content)


def printable(content: str) -> str:
    """The text with a replacement character for what XML cannot hold (escaping is the serialiser's)."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", content)
