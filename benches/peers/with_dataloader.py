"""From recordings to batches with Tonic and PyTorch's DataLoader."""
import pathlib
import shutil
import tempfile

import numpy as np
import tonic.transforms as tt
import torch
from tonic import DiskCachedDataset
from tonic.collation import PadTensors
from tonic.io import read_mnist_file
from torch.utils.data import DataLoader, Dataset

EVENTS = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
GESTURES, COPIES = (128, 128, 2), 100


class Files(Dataset):
    """Recordings of 5 bytes an event, and the classes of their folders."""

    def __init__(self, paths, transform):
        self.paths, self.transform = paths, transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        events = read_mnist_file(self.paths[index], dtype=EVENTS)
        return self.transform(events), 0


def gestures(folder):
    """A hundred recordings of gestures, 1.45 s each."""
    cuts = sorted(pathlib.Path(folder, "dvs_gesture_cuts").glob("*.bs2"))
    return [str(cuts[copy % len(cuts)]) for copy in range(COPIES)]


def cached(folder, cache):
    frames = tt.Compose([tt.Denoise(filter_time=10_000), tt.ToFrame(GESTURES, n_time_bins=25)])
    return DiskCachedDataset(Files(gestures(folder), frames), cache_path=str(cache))


def all_of(dataset, threads):
    for _ in DataLoader(dataset, batch_size=None, num_workers=threads):
        pass


def training(folder, threads):
    """An epoch of snnTorch's tutorial on DVS Gesture, on N-MNIST, from the cache; `dvs_gesture` is ours."""
    import snntorch
    from snntorch import functional, surrogate, utils
    from torch import nn

    paths = sorted(map(str, pathlib.Path(folder, "nmnist", "Train").glob("*/*.bin")))
    size = (34, 34, 2)
    frames = tt.Compose([tt.Denoise(filter_time=10_000), tt.ToFrame(size, n_time_bins=25)])
    cache = pathlib.Path(tempfile.gettempdir(), "snn-peers", "tonic-nmnist")
    dataset = DiskCachedDataset(Files(paths, frames), cache_path=str(cache))
    all_of(dataset, threads)
    grad = surrogate.fast_sigmoid(slope=25)
    lif = dict(beta=0.5, spike_grad=grad, init_hidden=True)
    net = nn.Sequential(
        nn.Conv2d(2, 12, 5), nn.MaxPool2d(2), snntorch.Leaky(**lif),
        nn.Conv2d(12, 32, 5), nn.MaxPool2d(2), snntorch.Leaky(**lif),
        nn.Flatten(), nn.Linear(800, 10), snntorch.Leaky(**lif, output=True))
    loss = functional.mse_count_loss(correct_rate=0.8, incorrect_rate=0.2)
    adam = torch.optim.Adam(net.parameters(), lr=2e-3)

    def run():
        loader = DataLoader(dataset, batch_size=64, shuffle=True, num_workers=threads,
                            collate_fn=PadTensors(batch_first=False))
        for frames, targets in loader:
            small = nn.functional.interpolate(frames, size=(2, 32, 32))
            utils.reset(net)
            spikes = torch.stack([net(step)[0] for step in small])
            adam.zero_grad()
            loss(spikes, targets).backward()
            adam.step()
    return run


def prepare(work, folder, threads):
    torch.set_num_threads(threads)
    # Workers hand tensors over by file descriptors otherwise, of which there are not enough.
    torch.multiprocessing.set_sharing_strategy("file_system")
    cache = pathlib.Path(tempfile.gettempdir(), "snn-peers", "tonic-frames")
    if work == "pipeline":
        def run():
            shutil.rmtree(cache, ignore_errors=True)
            all_of(cached(folder, cache), threads)
    elif work == "hit":
        dataset = cached(folder, cache)
        all_of(dataset, threads)

        def run():
            all_of(dataset, threads)
    elif work == "pad":
        rng = np.random.default_rng(0)
        lengths = rng.integers(25, 61, 32)
        lengths[0] = 60
        frames = [rng.poisson(0.05, (n, 2, 128, 128)).astype(np.float32) for n in lengths]
        batch, collate = [(torch.from_numpy(f), 0) for f in frames], PadTensors(batch_first=False)

        def run():
            collate(batch)
    elif work == "epoch":
        paths = sorted(map(str, pathlib.Path(folder, "nmnist", "Train").glob("*/*.bin")))
        dataset = Files(paths, tt.ToFrame((34, 34, 2), time_window=10_000))

        def run():
            loader = DataLoader(dataset, batch_size=32, shuffle=True, num_workers=threads,
                                collate_fn=PadTensors(batch_first=False))
            for frames, _ in loader:
                frames.sum()
    elif work == "train":
        run = training(folder, threads)
    else:
        raise ValueError(work)

    def iteration(lap):
        lap(None)
        run()
        lap("forward")
    return iteration
