"""Cases in which every `strength` values of different factors meet: greedy, the same for the same seed."""

import itertools
import random


def combinations(case, strength):
    return set(itertools.combinations(enumerate(case), strength))


def cover(factors, strength, seed=1, tries=80):
    """factors: {name: values}. A list of {name: value}."""
    draw, names = random.Random(seed), list(factors)
    sizes = [len(factors[name]) for name in names]
    missing = {c for case_factors in itertools.combinations(range(len(names)), strength) for c in itertools.product(*([(f, v) for v in range(sizes[f])] for f in case_factors))}
    cases = []
    while missing:
        candidates, left = [], sorted(missing)
        for _ in range(tries):
            case = [draw.randrange(size) for size in sizes]
            for factor, value in draw.choice(left):
                case[factor] = value
            candidates.append(case)
        best = max(candidates, key=lambda case: len(combinations(case, strength) & missing))
        missing -= combinations(best, strength)
        cases.append({name: factors[name][value] for name, value in zip(names, best)})
    return cases
