"""What many noisy measurements say together."""

import statistics
from dataclasses import dataclass


def lower_quartile(values: list[float]) -> float:
    """Noise only adds to a cost, so the lower values are nearer to the cost itself; the lowest one is a matter of luck."""
    return sorted(values)[len(values) // 4]


def spread(values: list[float]) -> tuple[float, float]:
    """Half of the values lie between these two, if there are enough of them."""
    ordered = sorted(values)
    return ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]


@dataclass
class Ratio:
    value: float  # of the lower quartiles
    low: float  # the quartiles of the rounds' ratios
    high: float


def ratio(values: list[float], floor: list[float]) -> Ratio:
    """To the floor. Both lists have a value for each round, in the same order."""
    low, high = spread([value / reference for value, reference in zip(values, floor, strict=True)])
    return Ratio(lower_quartile(values) / lower_quartile(floor), low, high)


def noise(values: list[float]) -> float:
    """How far the upper quartile is above the lower one, as a share of it."""
    low, high = spread(values)
    return high / low - 1


def median(values: list[float]) -> float:
    return statistics.median(values)
