"""Draws docs/performance.svg: bars for the ratios to the floor. Readable on a light and on a dark page."""

import math
from html import escape

WIDTH, LABELS, RIGHT = 760, 150, 60
BAR, GAP, TITLE, SPACE = 12, 5, 22, 12
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
OURS = "alicorn"
_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .tick { fill: #59636e; }
  line { stroke: #d1d9e0; }
  .other { fill: #818b98; }
  .ours { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .tick { fill: #9198a1; }
    line { stroke: #3d444d; }
    .other { fill: #656c76; }
    .ours { fill: #4493f8; }
  }
"""


def chart(title: str, groups: dict[str, dict[str, float]]) -> str:
    """group's title: bar's name: its value, 1 or more. The axis is logarithmic and begins at 1, so that a bar of no length is the
    floor itself."""
    most = max([value for bars in groups.values() for value in bars.values()] + [2])
    ticks = [tick for tick in TICKS if tick <= most] or [1]
    room = WIDTH - LABELS - RIGHT

    def x(value: float) -> float:
        return LABELS + room * math.log(max(value, 1)) / math.log(most)

    body, y = [], 52
    for name, bars in groups.items():
        body.append(f'<text class="title" x="0" y="{y + 12}">{escape(name)}</text>')
        y += TITLE
        for label, value in bars.items():
            kind = "ours" if label.startswith(OURS) else "other"
            body.append(f'<text x="{LABELS - 8}" y="{y + BAR - 2}" text-anchor="end">{escape(label)}</text>'
                        f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{max(x(value) - LABELS, 1):.1f}" height="{BAR}"/>'
                        f'<text x="{max(x(value), LABELS + 1) + 5:.1f}" y="{y + BAR - 2}">{value:.1f}</text>')
            y += BAR + GAP
        y += SPACE
    grid = "".join(f'<line x1="{x(tick):.1f}" y1="46" x2="{x(tick):.1f}" y2="{y - SPACE}"/>'
                   f'<text class="tick" x="{x(tick):.1f}" y="40" text-anchor="middle">{tick}×</text>' for tick in ticks)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img" '
            f'aria-labelledby="title">\n<title id="title">{escape(title)}</title>\n<style>{_STYLE}</style>\n'
            f'<text class="title" x="0" y="16">{escape(title)}</text>\n{grid}\n' + "\n".join(body) + "\n</svg>\n")
