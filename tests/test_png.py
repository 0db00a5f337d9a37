"""PNG files as another library reads them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sim import png


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 13), (200, 300)])
def test_a_picture_is_read_as_it_was_written(height: int, width: int, channels: int) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, channels), np.uint8)
    image = Image.open(io.BytesIO(png.encode(pixels, 300)))
    assert (image.mode, image.size) == ("RGB", (width, height))
    np.testing.assert_array_equal(np.asarray(image), pixels[:, :, :3])
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
