from xml.etree import ElementTree

import pytest

from benchmark.errors import UserError
from leaderboard import head_maps
from leaderboard.head_maps import HeadMap
from methods import registry


@pytest.fixture(scope="module")
def qrhead() -> HeadMap:
    found = head_maps.shipped(registry.find("qrhead").folder)
    return next(map for map in found if map.name == "qrhead.smollm2-135m-instruct.demo")


def test_the_shipped_artefacts_have_maps() -> None:
    for name in ("qrhead", "core", "routehead"):
        assert head_maps.shipped(registry.find(name).folder), name
    assert head_maps.shipped(registry.find("icr").folder) == []


def test_layers_tell_mean_best_and_what_is_read(qrhead: HeadMap) -> None:
    layers = qrhead.layers
    assert len(layers) == len(qrhead.values) == 30
    best = max(layers, key=lambda layer: layer.best)
    assert f"{best.number}-{best.best_head}" == qrhead.header.heads[0]
    assert sum(len(layer.chosen) for layer in layers) == len(qrhead.header.heads)
    assert all(layer.mean <= layer.best for layer in layers)


def test_pictures_and_data_hold_every_head(qrhead: HeadMap) -> None:
    drawn = ElementTree.fromstring(qrhead.map())
    squares = [element for element in drawn.iter() if element.get("class") == "cell"]
    assert len(squares) == len(qrhead.table.rows) == 30 * 9
    assert sum(row[3] == "yes" for row in qrhead.table.rows) == len(qrhead.header.heads)
    curve = ElementTree.fromstring(qrhead.curve())
    assert sum(element.tag.endswith("circle") for element in curve.iter()) == 30


def test_an_artefact_that_was_altered_stops_the_build(tmp_path, qrhead: HeadMap) -> None:
    place = tmp_path / "artefacts" / "x"
    place.mkdir(parents=True)
    text = qrhead.header.model_dump_json().replace('"15-6"', '"15-7"', 1)
    (place / "artefact.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="altered"):
        head_maps.shipped(tmp_path)
