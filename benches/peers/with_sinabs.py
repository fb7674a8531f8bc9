"""A trained network as a spiking one in sinabs, as conversion.rs has it."""
import gzip
import pathlib

import numpy as np
import sinabs
import sinabs.hooks
import torch
from sinabs.from_torch import from_model
from torch import nn

IMAGES, STEPS = 100, 32


def prepare(work, folder, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    folder = pathlib.Path(folder)
    ann = nn.Sequential(
        nn.Conv2d(1, 20, 5, bias=False), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(20, 32, 5, bias=False), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(32, 128, 3, bias=False), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(128, 500, bias=False), nn.ReLU(), nn.Linear(500, 10, bias=False))
    ann.load_state_dict(torch.load(folder / "weights/sinabs_mnist_params.pt", weights_only=True, map_location="cpu"))
    pixels = gzip.decompress((folder / "mnist/t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    images = np.frombuffer(pixels, np.uint8)[:IMAGES * 784].reshape(IMAGES, 1, 28, 28)
    images = torch.from_numpy(images.astype(np.float32) / 255)
    # A spike in every step stands for the same activation as there.
    with torch.no_grad():
        x, before = images, 1.0
        for layer, after in zip(ann, [*ann[1:], None]):
            x = layer(x)
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                scale = float(np.percentile(torch.relu(x).numpy(), 99.9)) if after is not None else 1.0
                layer.weight.data *= before / scale
                before = scale
    network = from_model(ann, min_v_mem=-1.0, batch_size=IMAGES).spiking_model
    spikes = (torch.rand(IMAGES, STEPS, *images.shape[1:]) < images.unsqueeze(1)).float().flatten(0, 1)
    if work == "synops":
        sinabs.hooks.register_synops_hooks(network, dt=1e-3)

    def iteration(lap):
        lap(None)
        sinabs.reset_states(network)
        with torch.no_grad():
            network(spikes)
        if work == "synops":
            network.hook_data["total_synops_per_timestep"]
        lap("forward")
    return iteration
