#!/usr/bin/env python3
"""Recomputes what the program given as argument printed (dump.c), from the published formulas and one row at a time.

Derivatives are complex steps: f(x + ih) has the imaginary part h f'(x) to the last digits for a tiny h, so that no
reverse formula is shared with the program. All directions are followed at once, along the first axis of every array.
"""
import subprocess
import sys

try:
    import numpy as np
except ImportError:
    print("NumPy is missing")
    sys.exit(77)

TOLERANCE = 1e-12
H = 1e-30


def read(program):
    """The cases that the program prints: [(kind, cell, {name: array}, {kind number: name})]."""
    cases = []
    for line in subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        words = line.split()
        if words[0] == "case":
            cases.append((words[1], words[2], {}, {}))
        elif words[0] == "name_of_kind":
            cases[-1][3][int(words[1])] = "_".join(words[2:])
        else:
            rows, columns = int(words[1]), int(words[2])
            cases[-1][2][words[0]] = np.array(words[4:], dtype=float).reshape(rows, columns)
    return cases


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.where(z.real > 0, z, 0)


def times(row, matrix):
    """Row vectors [D, I] by matrices [D, I, N]."""
    return np.einsum("di,din->dn", row, matrix)


def nascell(wx, wm, bias, x, c, m):
    a = np.split(times(x, wx), 8, axis=1)
    h = np.split(times(m, wm) + bias, 8, axis=1)
    first = np.tanh(sigmoid(a[0] + h[0]) * relu(a[1] + h[1]))
    second = np.tanh(sigmoid(a[2] + h[2]) + relu(a[3] * h[3]))
    third = np.tanh(np.tanh(a[4] + h[4]) * sigmoid(a[5] + h[5]))
    fourth = sigmoid(np.tanh(a[6] + h[6]) + sigmoid(a[7] + h[7]))
    c_next = np.tanh(first + c) * second
    return c_next, np.tanh(c_next * np.tanh(third + fourth))


def lstm(wx, wm, bias, x, c, m):
    i, f, g, o = np.split(times(x, wx) + times(m, wm) + bias, 4, axis=1)
    c_next = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return c_next, sigmoid(o) * np.tanh(c_next)


CELLS = {"nascell": nascell, "lstm": lstm}


def directions(arrays):
    """All arrays, with a step into each of their D numbers: {name: [D, rows, columns]}."""
    total = sum(array.size for array in arrays.values())
    flat = np.concatenate([array.ravel() for array in arrays.values()]) + 1j * H * np.eye(total)
    stepped, at = {}, 0
    for name, array in arrays.items():
        stepped[name] = flat[:, at:at + array.size].reshape(total, *array.shape)
        at += array.size
    return stepped


def derivatives(arrays, value):
    """Of value[D], back in the shapes of arrays."""
    flat, at, shaped = value.imag / H, 0, {}
    for name, array in arrays.items():
        shaped[name] = flat[at:at + array.size].reshape(array.shape)
        at += array.size
    return shaped


def check_cell(name, data):
    inputs = {key: data[key] for key in ("wx", "wm", "bias", "x", "c", "m")}
    step = directions(inputs)
    loss, c_next, m_next = 0, [], []
    for row in range(data["x"].shape[0]):
        c, m = CELLS[name](step["wx"], step["wm"], step["bias"][:, 0], step["x"][:, row], step["c"][:, row],
                           step["m"][:, row])
        loss = loss + c @ data["dc_next"][row] + m @ data["dm_next"][row]
        c_next.append(c[0].real)
        m_next.append(m[0].real)
    yield "c_next", data["c_next"], np.array(c_next)
    yield "m_next", data["m_next"], np.array(m_next)
    for key, value in derivatives(inputs, loss).items():
        yield "d_" + key, data["d_" + key], value


def log_softmax(z):
    shifted = z - z.real.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def follow_row(cell, w, data, names, row):
    """log p [D] of each token, entropy [D] and probabilities of a row."""
    exploration, layers = data["exploration"].item(), int(data["layers"].item())
    x = w["start"][:, :, 0]
    c = [np.zeros_like(x) for _ in range(layers)]
    m = [np.zeros_like(x) for _ in range(layers)]
    log_p, entropy, probability = [], 0, []
    for t, token in enumerate(data["tokens"][row].astype(int)):
        choices = int(data["choices"][row, t])
        if choices == 0:
            break
        for layer in range(layers):
            of = "_layer_%d" % layer
            c[layer], m[layer] = cell(w["input_weights" + of], w["recurrent_weights" + of], w["bias" + of][:, :, 0], x,
                                      c[layer], m[layer])
            x = m[layer]
        kind = names[int(data["kind"][row, t])]
        logits = times(x, w["softmax_" + kind]) + w["softmax_bias_" + kind][:, :, 0]
        log_share = log_softmax(logits[:, :choices])
        share = np.exp(log_share)
        mixed = (1 - exploration) * share + exploration / choices
        log_p.append(np.log(mixed[:, token]))
        entropy = entropy - (share * log_share).sum(axis=1)
        probability.append(mixed[0].real)
        x = w["embedding_" + kind][:, token]
    return log_p, entropy, probability


def check_policy(name, data, names):
    weights = {key[2:]: value for key, value in data.items() if key.startswith("w_")}
    step = directions(weights)
    rows, length = data["tokens"].shape
    log_p, entropy = np.zeros((rows, length)), np.zeros((rows, 1))
    probability = np.full((rows, length, data["probability"].shape[1] // length), np.nan)
    objective = 0
    for row in range(rows):
        of_tokens, of_row, chances = follow_row(CELLS[name], step, data, names, row)
        for t, value in enumerate(of_tokens):
            objective = objective + data["weight"][row, t] * value
            log_p[row, t] = value[0].real
            probability[row, t, :len(chances[t])] = chances[t]
        objective = objective + data["entropy_weight"].item() * of_row
        entropy[row] = of_row[0].real
    yield "log_p", data["log_p"], log_p
    yield "entropy", data["entropy"], entropy
    yield "probability", data["probability"], probability.reshape(rows, -1)
    for key, value in derivatives(weights, objective).items():
        yield "g_" + key, data["g_" + key], value


def main():
    cases, failed, compared, worst = read(sys.argv[1]), 0, 0, 0.0
    for kind, cell, data, names in cases:
        for what, found, expected in check_cell(cell, data) if kind == "cell" else check_policy(cell, data, names):
            same_places = np.array_equal(np.isnan(found), np.isnan(expected))
            error = np.nanmax(np.abs(found - expected)) / max(1.0, np.nanmax(np.abs(expected)))
            compared, worst = compared + found.size, max(worst, error)
            if not same_places or not error <= TOLERANCE:
                print("%s %s: %s is off by %g" % (kind, cell, what, error))
                failed += 1
    print("%d cases, %d numbers, largest relative error %.1e" % (len(cases), compared, worst))
    return 1 if failed or len(cases) != 10 else 0


sys.exit(main())
