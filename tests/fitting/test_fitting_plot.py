"""Pictures: valid, repeatable, and different where the data are."""

import struct
import sys
import zlib

import numpy as np
import pytest
from fitting_samples import SPECIMENS, drawn

from simulator.config import latency as config
from simulator.engine.latency import build
from simulator.fitting.plot import MOST, Missing, Panel, compared, require


def panel(seed=7, spec=SPECIMENS["gamma"], **more):
    return Panel("ITL", drawn(spec, 300, seed), build(spec).quantile, **more)


def pixels(data):
    """The size of a PNG and its unpacked picture; checks every chunk's checksum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, parts, kinds = 8, b"", []
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        (check,) = struct.unpack(">I", data[place + 8 + length : place + 12 + length])
        assert zlib.crc32(kind + body) == check
        kinds.append(kind)
        parts += body if kind == b"IDAT" else b""
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        place += 12 + length
    assert (kinds[0], kinds[-1]) == (b"IHDR", b"IEND")
    return size, zlib.decompress(parts)


def test_a_picture_is_valid_repeatable_and_of_its_data(tmp_path):
    pictures = []
    for seed in (7, 7, 8):
        compared(tmp_path / "f.png", [panel(seed)])
        pictures.append((tmp_path / "f.png").read_bytes())
    assert pictures[0] == pictures[1]
    first, other = (pixels(picture) for picture in pictures[1:])
    assert first[0] == other[0] == (1000, 380)
    assert first[1] != other[1]
    assert len(set(first[1])) > 10


def test_a_row_a_panel(tmp_path):
    compared(tmp_path / "f.png", [panel(), panel(8, unit="s")])
    assert pixels((tmp_path / "f.png").read_bytes())[0] == (1000, 760)


@pytest.mark.parametrize(
    ("sample", "spec"),
    [
        (np.full(5, 0.0123), config.Constant(value_ms=12.3)),
        (np.zeros(3), config.Constant(value_ms=0)),
        (np.array([0.5]), config.Gamma(shape=3, scale_ms=7)),
        (drawn(config.Pareto(shape=1.2, scale_ms=1), 500), config.Pareto(shape=1.2, scale_ms=1)),
        (np.concatenate((np.zeros(5), drawn(SPECIMENS["pareto"], 50) ** 3)), config.Pareto(shape=1.1, scale_ms=0.01)),
    ],
)
def test_odd_samples_can_be_drawn(tmp_path, sample, spec):
    compared(tmp_path / "f.png", [Panel("a $x_ model 模型", sample, build(spec).quantile)])
    pixels((tmp_path / "f.png").read_bytes())


def test_the_number_of_panels_is_bounded(tmp_path):
    for panels in ([], [panel()] * (MOST + 1)):
        with pytest.raises(ValueError, match="allowed: 1 to"):
            compared(tmp_path / "f.png", panels)


def test_without_matplotlib_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for attempt in (require, lambda: compared(tmp_path / "f.png", [panel()])):
        with pytest.raises(Missing, match=r"llm-simulator\[plot\]"):
            attempt()
    assert not (tmp_path / "f.png").exists()
