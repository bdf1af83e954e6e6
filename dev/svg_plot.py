"""A plot of seconds over cores, both on logarithmic scales, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, EDGE = 640, 360, 56
_COLOURS = ('#1f6feb', '#d1242f', '#57606a')


def draw(cores: Sequence[int], curves: Mapping[str, Sequence[float]]) -> str:
    """Curves by name; each has the seconds for each number of cores."""
    low = 10 ** math.floor(math.log10(min(min(seconds) for seconds in curves.values())))
    high = 10 ** math.ceil(math.log10(max(max(seconds) for seconds in curves.values())))

    def x(number: float) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * math.log(number / cores[0]) / math.log(cores[-1] / cores[0])

    def y(seconds: float) -> float:
        return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * math.log(seconds / low) / math.log(high / low)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    parts += [f'<text x="{x(n):.0f}" y="{HEIGHT - EDGE + 18}" text-anchor="middle">{n}</text>' for n in cores]
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        at = y(10 ** power)
        parts.append(f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{at:.1f}" y2="{at:.1f}" stroke="#d0d7de"/>'
                     f'<text x="{EDGE - 6}" y="{at + 4:.1f}" text-anchor="end">{10 ** power:g} s</text>')
    for (name, seconds), colour in zip(curves.items(), _COLOURS, strict=False):
        points = ' '.join(f'{x(n):.1f},{y(s):.1f}' for n, s in zip(cores, seconds, strict=True))
        position = f'x="{x(cores[-1]) - 6:.1f}" y="{y(seconds[-1]) - 8:.1f}"'
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                     f'<text {position} text-anchor="end" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">cores</text></svg>')
    return '\n'.join(parts) + '\n'
