#!/usr/bin/env python3
"""Trains again, in NumPy and double, the children that the program given as argument printed (dump.c): the same initial
weights, images and order, everything else from the published formulas. The learning curves must agree.

The children are convolution, batch normalisation, ReLU, max-pooling; convolution, batch normalisation, ReLU; dense."""

import subprocess
import sys

try:
    import numpy as np
except ImportError:
    print("skipped: NumPy is missing")
    sys.exit(77)

TOLERANCE = 1e-6  # of losses: 27 steps in float
BATCH, EPOCHS, SIDE, CLASSES = 16, 3, 8, 4
DECAY, MOMENTUM = 0.02, 0.8
RATES = {
    "child.optimizer=adam": lambda share: 0.005,
    "child.optimizer=sgd": lambda share: 0.05 * (1 + np.cos(np.pi * share)) / 2,
}


def read(program):
    cases = []
    for line in subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        words = line.split()
        if words[0] == "case":
            cases.append((words[1], {}))
        else:
            cases[-1][1][words[0]] = np.array(words[4:], dtype=float).reshape(int(words[1]), int(words[2]))
    return cases


def same(size, window, stride):
    """Output size, padding before and after, as TensorFlow's SAME: the odd element behind."""
    out = -(-size // stride)
    pad = max((out - 1) * stride + window - size, 0)
    return out, pad // 2, pad - pad // 2


class Convolution:
    def __init__(self, weights, shape, stride):
        self.value, self.shape, self.stride = [weights.reshape(shape)], shape, stride
        self.decays = [True]

    def places(self, x):
        """(tap row, tap column, slices of the padded input) of each tap."""
        (h, top, bottom), (w, left, right) = (same(x.shape[i + 1], self.shape[i], self.stride) for i in (0, 1))
        s = self.stride
        taps = [
            (i, j, (slice(None), slice(i, i + (h - 1) * s + 1, s), slice(j, j + (w - 1) * s + 1, s)))
            for i in range(self.shape[0])
            for j in range(self.shape[1])
        ]
        return ((0, 0), (top, bottom), (left, right), (0, 0)), taps

    def forward(self, x, training):
        padding, taps = self.places(x)
        self.x, self.padded = x, np.pad(x, padding)
        return sum(self.padded[at] @ self.value[0][i, j] for i, j, at in taps)

    def backward(self, dy):
        padding, taps = self.places(self.x)
        dx, dw = np.zeros_like(self.padded), np.zeros(self.shape)
        for i, j, at in taps:
            dx[at] += dy @ self.value[0][i, j].T
            dw[i, j] = np.einsum("nhwc,nhwf->cf", self.padded[at], dy)
        self.gradient = [dw]
        (_, _), (top, _), (left, _), _ = padding
        return dx[:, top : top + self.x.shape[1], left : left + self.x.shape[2]]


class Norm:
    """Ioffe and Szegedy 2015; the running variance is the unbiased one."""

    def __init__(self, channels):
        self.value, self.decays = [np.ones(channels), np.zeros(channels)], [False, False]
        self.mean, self.variance = np.zeros(channels), np.ones(channels)

    def forward(self, x, training):
        mean, variance, n = self.mean, self.variance, x[..., 0].size
        if training:
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            self.mean = 0.9 * self.mean + 0.1 * mean
            self.variance = 0.9 * self.variance + 0.1 * variance * n / (n - 1)
        self.deviation = np.sqrt(variance + 1e-5)
        self.hat = (x - mean) / self.deviation
        return self.value[0] * self.hat + self.value[1]

    def backward(self, dy):
        axes = (0, 1, 2)
        self.gradient = [(dy * self.hat).sum(axes), dy.sum(axes)]
        dhat = dy * self.value[0]
        return (dhat - dhat.mean(axes) - self.hat * (dhat * self.hat).mean(axes)) / self.deviation


class Relu:
    value, decays, gradient = [], [], []

    def forward(self, x, training):
        self.on = x > 0
        return x * self.on

    def backward(self, dy):
        return dy * self.on


class Pool:
    """Windows of 2x2, stride 2; the first of equals has the gradient."""

    value, decays, gradient = [], [], []

    def forward(self, x, training):
        n, h, w, c = x.shape
        windows = x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)
        self.first = windows.argmax(-1)
        return windows.max(-1)

    def backward(self, dy):
        n, h, w, c = dy.shape
        d = (np.arange(4) == self.first[..., None]) * dy[..., None]
        return d.reshape(n, h, w, c, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(n, 2 * h, 2 * w, c)


class Dense:
    def __init__(self, weights, bias):
        self.value, self.decays = [weights.reshape(CLASSES, -1).T, bias.reshape(CLASSES)], [True, False]

    def forward(self, x, training):
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        return self.x @ self.value[0] + self.value[1]

    def backward(self, dy):
        self.gradient = [self.x.T @ dy, dy.sum(0)]
        return (dy @ self.value[0].T).reshape(self.shape)


def softmax_loss(logits, labels):
    z = logits - logits.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels], (np.exp(log_p) - np.eye(CLASSES)[labels]) / len(labels)


def adam(state, value, gradient, rate, step):
    """Kingma and Ba 2015, algorithm 1."""
    m, v = state if state else (0, 0)
    m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
    return value - rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8), (m, v)


def sgd(state, value, gradient, rate, step):
    velocity = MOMENTUM * (state if state is not None else 0) + gradient
    return value - rate * velocity, velocity


def forward(layers, x, training):
    for layer in layers:
        x = layer.forward(x, training)
    return x


def curve_of(optimizer, case):
    network = "/network/layer{}/{}".format
    layers = [
        Convolution(case[network(0, "weights")], (3, 3, 1, 4), 1), Norm(4), Relu(), Pool(),
        Convolution(case[network(4, "weights")], (5, 3, 4, 6), 2), Norm(6), Relu(),
        Dense(case[network(7, "weights")], case[network(7, "bias")]),
    ]
    move = adam if optimizer.endswith("adam") else sgd
    states, step, curve = {}, 0, []
    images, labels = case["train"].reshape(-1, SIDE, SIDE, 1), case["train_labels"][0].astype(int)
    seen, known = case["validation"].reshape(-1, SIDE, SIDE, 1), case["validation_labels"][0].astype(int)
    steps = EPOCHS * -(-len(images) // BATCH)
    for order in case["order"].astype(int):
        total = 0
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            loss, d = softmax_loss(forward(layers, images[batch], True), labels[batch])
            total += loss.sum()
            for layer in reversed(layers):
                d = layer.backward(d)
            rate = RATES[optimizer](step / steps)
            step += 1
            for layer in layers:
                for i, value in enumerate(layer.value):
                    gradient = layer.gradient[i] + (DECAY * value if layer.decays[i] else 0)
                    layer.value[i], states[layer, i] = move(states.get((layer, i)), value, gradient, rate, step)
        logits = forward(layers, seen, False)
        curve.append(((logits.argmax(1) == known).mean(), softmax_loss(logits, known)[0].mean(), total / len(order)))
    return np.array(curve)


def main():
    cases, worst = read(sys.argv[1]), 0
    for optimizer, case in cases:
        found, expected = case["curve"], curve_of(optimizer, case)
        difference = np.abs(found - expected)
        print(f"{optimizer}: losses differ by at most {difference[:, 1:].max():.1e}")
        worst = max(worst, difference[:, 1:].max())
        if difference[:, 0].max() > 1.5 / len(case["validation"]):  # one image may stand on the edge
            sys.exit(f"accuracies {found[:, 0]}, expected {expected[:, 0]}")
    if len(cases) != 2 or not worst < TOLERANCE:
        sys.exit(f"losses differ by {worst}, more than {TOLERANCE}")


if __name__ == "__main__":
    main()
