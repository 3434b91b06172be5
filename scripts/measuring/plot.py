"""Plots as SVG, readable on light and on dark pages."""

import math
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 50, 72, 60
COLOURS = ["series-a", "series-b", "series-c"]
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .axis { stroke: #57606a; stroke-width: 1.5 }
  .limit { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 6 4 }
  polyline { fill: none; stroke-width: 2.5 }
  .series-a { stroke: #0969da; fill: #0969da } .series-b { stroke: #bc4c00; fill: #bc4c00 } .series-c { stroke: #1a7f37; fill: #1a7f37 }
  polyline.series-a, polyline.series-b, polyline.series-c { fill: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .grid { stroke: #30363d } .axis { stroke: #8b949e } .limit { stroke: #ff7b72 }
    .series-a { stroke: #58a6ff; fill: #58a6ff } .series-b { stroke: #f0883e; fill: #f0883e } .series-c { stroke: #3fb950; fill: #3fb950 }
    polyline.series-a, polyline.series-b, polyline.series-c { fill: none }
  }
"""


def plot(title, across, up, series, limit=None):
    """Lines over a logarithmic horizontal axis. `series` is {name: [(x, y), ...]}; `limit` is (y, its name)."""
    xs = sorted({x for points in series.values() for x, _ in points})
    top = nice(max([y for points in series.values() for _, y in points] + ([limit[0]] if limit else [])))
    low, high = math.log(xs[0]), math.log(xs[-1])

    def at(x, y):
        along = (math.log(x) - low) / (high - low) if high > low else 0.5
        return LEFT + along * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>']
    for step in range(6):
        value = top * step / 5
        _, y = at(xs[0], value)
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, "grid" if step else "axis"))
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.0f}</text>')
    for x in xs:
        along, base = at(x, 0)
        parts.append(line(along, base, along, base + 5, "axis"))
        parts.append(f'<text x="{along:.1f}" y="{base + 20:.1f}" text-anchor="middle">{x:,}</text>')
    parts.append(line(LEFT, TOP, LEFT, HEIGHT - BOTTOM, "axis"))
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">{escape(across)}</text>')
    parts.append(f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">{escape(up)}</text>')
    if limit:
        _, y = at(xs[0], limit[0])
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, "limit"))
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{y + 17:.1f}" text-anchor="end">{escape(limit[1])}</text>')
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number]
        placed = [at(x, y) for x, y in points]
        parts.append(f'<polyline class="{colour}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in placed)}"/>')
        parts += [f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in placed]
        if len(series) > 1:
            y = TOP - 22
            x = LEFT + 10 + number * 200
            parts.append(f'<circle class="{colour}" cx="{x}" cy="{y - 4}" r="5"/><text x="{x + 12}" y="{y}">{escape(name)}</text>')
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">\n'
            f"<style>{STYLE}</style>\n{body}\n</svg>\n")


def line(x1, y1, x2, y2, kind):
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def nice(value):
    """A round number that is no smaller."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value)
