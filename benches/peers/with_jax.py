"""The networks in Spyx: "spyx" scans the whole network over time, as its documentation does;
"spyx-layers" runs layers without state on all steps at once and scans the neurons alone."""
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from spyx import axn, nn as spyx

SPIKE = dict(activation=axn.superspike(25))
NEURONS = (spyx.LIF, spyx.CuBaLIF, spyx.RCuBaLIF, spyx.LI)
random = np.random.default_rng(0)


def floats(x):
    return jnp.asarray(x, jnp.float32)


def bernoulli(p, *shape):
    return floats(random.random(shape) < p)


def labels(batch, classes):
    return jnp.asarray(random.integers(classes, size=batch))


def pool(x):
    return nnx.max_pool(x, (2, 2), (2, 2))


def flatten(x):
    return x.reshape(len(x), -1)


class Network(nnx.Module):
    def __init__(self, *layers, scanned):
        self.network, self.scanned = spyx.Sequential(*layers), scanned
        self.layers = nnx.List([layer for layer in layers if isinstance(layer, nnx.Module)])
        self.order = tuple(None if isinstance(layer, nnx.Module) else layer for layer in layers)

    def __call__(self, x):
        if self.scanned:
            return spyx.run(self.network, x)[0]
        modules = iter(self.layers)
        for layer in (function or next(modules) for function in self.order):
            if isinstance(layer, NEURONS):
                x, _ = spyx.run(layer, x)
            else:
                y = layer(x.reshape(-1, *x.shape[2:]))
                x = y.reshape(*x.shape[:2], *y.shape[1:])
        return x


def convolutions(side, maps, classes, scanned):
    rngs = nnx.Rngs(0)
    first, second = (side - 4) // 2, ((side - 4) // 2 - 4) // 2

    def conv(a, b):
        return nnx.Conv(a, b, (5, 5), padding="VALID", rngs=rngs)

    def lif(*shape):
        return spyx.LIF(shape, beta=0.5, rngs=rngs, **SPIKE)
    return Network(conv(maps[0], maps[1]), pool, lif(first, first, maps[1]),
                   conv(maps[1], maps[2]), pool, lif(second, second, maps[2]),
                   flatten, nnx.Linear(second * second * maps[2], classes, rngs=rngs), lif(classes),
                   scanned=scanned)


def readout(shape, neuron, hidden, classes, density):
    rngs, y = nnx.Rngs(0), labels(shape[1], classes)
    network = Network(nnx.Linear(shape[2], hidden, use_bias=False, rngs=rngs),
                      neuron((hidden,), alpha=0.9, beta=0.9, rngs=rngs, **SPIKE),
                      nnx.Linear(hidden, classes, use_bias=False, rngs=rngs),
                      spyx.LI((classes,), beta=0.9, rngs=rngs), scanned=False)
    entropy = optax.softmax_cross_entropy_with_integer_labels
    return network, bernoulli(density, *shape), lambda v: entropy(v.max(0), y).mean()


def build(case, size, scanned):
    """A network, its input, and the loss of its output."""
    rngs = nnx.Rngs(0)
    if case == "C1":
        linear = nnx.Linear(size, size, rngs=rngs)
        linear.kernel[...] *= 4
        network = Network(linear, spyx.LIF((size,), beta=0.9, rngs=rngs, **SPIKE), scanned=scanned)
        return network, bernoulli(0.05, 500, 16, size), jnp.sum
    if case == "C2":
        images, y = floats(random.random((128, 28, 28, 1))), labels(128, 10)
        entropy = optax.softmax_cross_entropy_with_integer_labels
        return (convolutions(28, (1, 12, 64), 10, scanned), jnp.broadcast_to(images, (50, *images.shape)),
                lambda z: entropy(z, jnp.broadcast_to(y, z.shape[:2])).mean())
    if case == "C3":
        x = bernoulli(0.05, 25, 64, 32, 32, 2) * floats(random.integers(1, 4, (25, 64, 32, 32, 2)))
        counts = jnp.where(jax.nn.one_hot(labels(64, 11), 11) > 0, 20.0, 5.0)
        return convolutions(32, (2, 12, 32), 11, scanned), x, lambda z: ((z.sum(0) - counts) ** 2).mean() / 25
    if case == "C4":
        return readout((100, 32, 2450), spyx.RCuBaLIF, 100, 4, 0.01)
    if case == "C5":
        return readout((30, 75, 5), spyx.CuBaLIF, 120, 3, 0.2)
    neurons = Network(spyx.LIF((4096,), beta=0.9, rngs=rngs, **SPIKE), scanned=True)
    return neurons, floats(0.3 * random.random((100, 32, 4096))), jnp.sum


def prepare(lib, case, size, threads):
    del threads  # XLA takes the processors it is given
    network, x, loss = build(case, size, lib == "spyx")
    graph, parameters = nnx.split(network)
    adam = optax.adam(1e-3)
    state = adam.init(parameters)

    def value(parameters, x):
        return loss(nnx.merge(graph, parameters)(x))

    @jax.jit
    def train(parameters, state, x):
        if case in ("C1", "C7"):
            return jax.value_and_grad(value, argnums=int(case == "C7"))(parameters, x)
        z, gradients = jax.value_and_grad(value)(parameters, x)
        updates, state = adam.update(gradients, state, parameters)
        return z, optax.apply_updates(parameters, updates), state

    forward = jax.jit(value)

    def iteration(lap):
        """What is compiled in one piece has no backward pass of its own to time."""
        lap(None)
        jax.block_until_ready(forward(parameters, x))
        lap("forward")
        jax.block_until_ready(train(parameters, state, x))
        lap("total")
    return iteration
