"""The networks in the libraries on PyTorch.

A part of a network is a function of a sequence [T, B, ...] ([B, T, ...] for sinabs). Layers without
state see all steps at once; "snntorch" alone runs the whole network step by step, as its tutorials do.
"norse" is its cell in a loop, because its sequence modules index the input inside the loop, whose
gradient grows with the square of T.
"""
import math
import warnings

import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")


def scan(step, x, state):
    out = []
    for now in x:
        z, state = step(now, state)
        out.append(z)
    return torch.stack(out)


def leaky(beta, **more):
    import snntorch
    return snntorch.Leaky(beta=beta, spike_grad=snntorch.surrogate.fast_sigmoid(25), **more)


def lif(lib, beta):
    """LIF neurons with a subtracting reset."""
    if lib.startswith("snntorch"):
        cell = leaky(beta)
        step = torch.compile(lambda x, v: cell(x, v)) if lib.endswith("compiled") else cell
        return lambda x: scan(step, x, torch.zeros_like(x[0]))
    if lib == "norse":
        from norse.torch import LIFBoxCell, LIFBoxParameters
        cell = LIFBoxCell(p=LIFBoxParameters(tau_mem_inv=torch.tensor(1000 * (1 - beta))))
        return lambda x: scan(cell, 10 * x, None)
    if lib == "spikingjelly":
        from spikingjelly.activation_based.neuron import LIFNode
        cell = LIFNode(1 / (1 - beta), decay_input=False, v_reset=None, detach_reset=True, step_mode="m")
        rest = "reset"
    else:
        from sinabs import activation, layers
        cell = layers.LIF(-1 / math.log(beta), norm_input=False, spike_fn=activation.SingleSpike)
        rest = "reset_states"

    def run(x):
        getattr(cell, rest)()
        return cell(x)
    return run


def over_time(layer):
    return lambda x: layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def time_axis(lib):
    return int(lib == "sinabs")


def arranged(lib, x):
    return x.transpose(0, 1).contiguous() if time_axis(lib) else x


def dense_layer(lib, size):
    x, linear = arranged(lib, (torch.rand(500, 16, size) < 0.05).float()), nn.Linear(size, size)
    linear.weight.data *= 4
    if lib == "snntorch":
        cell = leaky(0.9)
        return lambda: scan(lambda x, v: cell(linear(x), v), x, torch.zeros(16, size)).sum(), linear.parameters()
    neurons = lif(lib, 0.9)
    return lambda: neurons(over_time(linear)(x)).sum(), linear.parameters()


def convolutions(lib, maps, features, classes, still_for=None):
    """A function from frames to spikes; a still image goes through the first convolution once."""
    front = nn.Sequential(nn.Conv2d(maps[0], maps[1], 5), nn.MaxPool2d(2))
    middle = nn.Sequential(nn.Conv2d(maps[1], maps[2], 5), nn.MaxPool2d(2))
    back = nn.Sequential(nn.Flatten(), nn.Linear(features, classes))
    parameters = [p for part in (front, middle, back) for p in part.parameters()]
    if lib == "snntorch":
        from snntorch import utils
        hidden = dict(init_hidden=True)
        network = nn.Sequential(front, leaky(0.5, **hidden), middle, leaky(0.5, **hidden),
                                back, leaky(0.5, output=True, **hidden))

        def forward(x):
            utils.reset(network)
            return torch.stack([network(now)[0] for now in (still_for * [x] if still_for else x)])
        return forward, parameters
    first, second, third = (lif(lib, 0.5) for _ in range(3))

    def forward(x):
        if still_for:
            x = arranged(lib, front(x).expand(still_for, -1, -1, -1, -1)).contiguous()
        else:
            x = over_time(front)(x)
        return third(over_time(back)(second(over_time(middle)(first(x)))))
    return forward, parameters


def still_images(lib, _):
    x, y = torch.rand(128, 1, 28, 28), torch.randint(10, (128,))
    network, parameters = convolutions(lib, (1, 12, 64), 1024, 10, still_for=50)
    if lib == "snntorch":
        from snntorch.functional import ce_rate_loss
        loss = ce_rate_loss()
        return lambda: loss(network(x), y), parameters
    every = y.repeat_interleave(50) if time_axis(lib) else y.repeat(50)
    return lambda: F.cross_entropy(network(x).flatten(0, 1), every), parameters


def event_frames(lib, _):
    x = (torch.rand(25, 64, 2, 32, 32) < 0.05) * torch.randint(1, 4, (25, 64, 2, 32, 32))
    x, y = arranged(lib, x.float()), torch.randint(11, (64,))
    network, parameters = convolutions(lib, (2, 12, 32), 800, 11)
    if lib == "snntorch":
        from snntorch.functional import mse_count_loss
        loss = mse_count_loss(correct_rate=0.8, incorrect_rate=0.2)
        return lambda: loss(network(x), y), parameters
    counts = torch.where(F.one_hot(y, 11) > 0, 20.0, 5.0)
    return lambda: F.mse_loss(network(x).sum(time_axis(lib)), counts) / 25, parameters


def readout(lib, shape, hidden, classes, density, recurrent):
    """Current-based LIF neurons and a leaky readout, whose maximum over time is the score."""
    steps, batch, inputs = shape
    x, y = arranged(lib, (torch.rand(shape) < density).float()), torch.randint(classes, (batch,))
    into, out = nn.Linear(inputs, hidden, bias=False), nn.Linear(hidden, classes, bias=False)
    if lib == "norse":
        import norse.torch as norse
        values = dict(tau_syn_inv=100.0, tau_mem_inv=100.0, v_th=0.3, alpha=100.0)
        p = norse.LIFParameters(**{name: torch.tensor(value) for name, value in values.items()})
        if recurrent:
            neurons, leaks = norse.LIFRecurrentCell(inputs, hidden, p=p), norse.LICell()

            def step(now, states):
                z, first = neurons(now, states[0])
                v, second = leaks(out(z), states[1])
                return v, (first, second)
            membranes, layers = (lambda: scan(step, x, (None, None))), [neurons, out]
        else:
            neurons, leaks = norse.LIF(p=p), norse.LI()
            membranes, layers = (lambda: leaks(out(neurons(into(x))[0]))[0]), [into, out]
    elif lib == "sinabs":
        from sinabs import activation, layers as sl
        options = dict(tau_mem=10.0, tau_syn=10.0, norm_input=False, spike_fn=activation.SingleSpike)
        back = nn.Linear(hidden, hidden)
        neurons = sl.LIFRecurrent(rec_connect=back, **options) if recurrent else sl.LIF(**options)
        leaks, layers = sl.ExpLeak(tau_mem=10.0), [into, out] + recurrent * [back]

        def membranes():
            neurons.reset_states()
            leaks.reset_states()
            return leaks(out(neurons(into(x))))
    else:
        import snntorch
        options = dict(alpha=0.9, beta=0.9, spike_grad=snntorch.surrogate.fast_sigmoid(25))
        if recurrent:
            neurons = snntorch.RSynaptic(linear_features=hidden, **options)
        else:
            neurons = snntorch.Synaptic(**options)
        leaks, layers = snntorch.Synaptic(reset_mechanism="none", **options), [into, out, neurons]

        def step(now, states):
            z, *first = neurons(now, *states[0])
            first = [z, *first] if recurrent else first
            _, *second = leaks(out(z), *states[1])
            return second[1], (first, second)

        def membranes():
            rest = [[torch.zeros(batch, n)] * k for n, k in ((hidden, 2 + recurrent), (classes, 2))]
            return scan(step, into(x), rest)
    parameters = [p for layer in layers for p in layer.parameters()]
    return lambda: F.cross_entropy(membranes().amax(time_axis(lib)), y), parameters


def neurons_alone(lib, _):
    x, neurons = arranged(lib, 0.3 * torch.rand(100, 32, 4096)).requires_grad_(), lif(lib, 0.9)
    return lambda: neurons(x).sum(), [x]


BUILD = {
    "C1": dense_layer, "C2": still_images, "C3": event_frames, "C7": neurons_alone,
    "C4": lambda lib, _: readout(lib, (100, 32, 2450), 100, 4, 0.01, True),
    "C5": lambda lib, _: readout(lib, (30, 75, 5), 120, 3, 0.2, False),
}


def prepare(lib, case, size, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    forward, parameters = BUILD[case](lib, size)
    parameters = list(parameters)
    adam = case not in ("C1", "C7") and torch.optim.Adam(parameters, lr=1e-3)

    def iteration(lap):
        for p in parameters:
            p.grad = None
        lap(None)
        loss = forward()
        lap("forward")
        loss.backward()
        lap("backward")
        if adam:
            adam.step()
            lap("step")
    return iteration
