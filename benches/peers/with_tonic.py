"""Event transforms in Tonic, on a recording that both sides read from the same file."""
import pathlib

import numpy as np
import tonic.transforms as tt
from tonic.io import make_structured_array

EVENTS, SPAN, SIDE = 1_000_000, 6_000_000, 128


def recording(path):
    """A moving bar and noise on a sensor of 128 x 128, 6 s, sorted; made once."""
    path = pathlib.Path(path)
    if not path.exists():
        rng = np.random.default_rng(0)
        t = np.sort(rng.integers(0, SPAN, EVENTS))
        bar = (t * SIDE * 6 // SPAN + rng.integers(-2, 3, EVENTS)) % SIDE
        edge = rng.random(EVENTS) < 0.7
        x = np.where(edge, bar, rng.integers(0, SIDE, EVENTS))
        y = np.where(edge, 20 + rng.integers(0, 88, EVENTS), rng.integers(0, SIDE, EVENTS))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, make_structured_array(x, y, t, rng.integers(0, 2, EVENTS)))
    return np.load(path)


def prepare(work, path):
    size = dict(sensor_size=(SIDE, SIDE, 2))
    transform = {
        "denoise": lambda: tt.Denoise(filter_time=10_000),
        "refractory": lambda: tt.RefractoryPeriod(delta=1_000),
        # So high that none is hot: what a pixel costs that is, depends on the recording.
        "hot-pixels": lambda: tt.DropPixel(coordinates=None, hot_pixel_frequency=1_000),
        "time-bins": lambda: tt.ToFrame(n_time_bins=25, **size),
        "event-count": lambda: tt.ToFrame(event_count=1_000, **size),
        "windows": lambda: tt.ToFrame(time_window=1_000, **size),
        # Tonic makes sparse frames of dense ones, which is all that is timed here.
        "windows-sparse": lambda: tt.ToFrame(time_window=1_000, **size),
        "voxel-grid": lambda: tt.ToVoxelGrid(n_time_bins=25, **size),
        "time-surface": lambda: tt.ToTimesurface(dt=60_000, tau=30_000, **size),
    }[work]()
    events = recording(path)

    def iteration(lap):
        given = events.copy()  # Some write into what they are given.
        lap(None)
        transform(given)
        lap("forward")
    return iteration
