// Lines of spot, walls, flips, bounds and medians, with labels that do not cover each other.

const APART = 13; // px between the middles of two labels
const DASHES = { spot: "solid", forward: [5, 3], wall: [5, 3], flip: [2, 3], bound: [5, 3], median: [2, 3] };

/** Return the vertical shifts (px) of labels at `positions` (px), so that they are at least `APART` from each other. */
export function apart(positions, height) {
  const order = positions.map((_, n) => n).sort((a, b) => positions[a] - positions[b]);
  const placed = order.map((n) => positions[n]);
  for (let pass = 0; pass < 30; pass += 1) {
    for (let n = 1; n < placed.length; n += 1) {
      const missing = APART - (placed[n] - placed[n - 1]);
      if (missing > 0.01) {
        placed[n - 1] -= missing / 2;
        placed[n] += missing / 2;
      }
    }
    for (let n = 0; n < placed.length; n += 1) placed[n] = Math.min(Math.max(placed[n], 6), height - 6);
  }
  const shifts = [];
  order.forEach((n, place) => { shifts[n] = placed[place] - positions[n]; });
  return shifts;
}

/** Return a markLine of horizontal lines at `levels`, in a plot of `height` px whose axis is from `low` to `high`. */
export function horizontal(c, levels, low, high, height, narrow) {
  const shown = levels.filter((level) => level.value >= low && level.value <= high);
  const shifts = apart(shown.map((level) => (1 - (level.value - low) / (high - low)) * height), height);
  return {
    silent: true,
    symbol: "none",
    animation: false,
    data: shown.map((level, n) => ({
      yAxis: level.value,
      lineStyle: { color: level.kind === "spot" ? c.ink : c.ink2, width: level.kind === "spot" ? 1.5 : 1, type: DASHES[level.kind] },
      label: {
        position: "end", distance: 6, offset: [0, shifts[n]], fontSize: 11,
        color: level.kind === "spot" ? c.ink : c.ink2, fontWeight: level.kind === "spot" ? 600 : 400,
        formatter: narrow ? level.text : `${level.name} ${level.text}`,
      },
    })),
  };
}

/** Return a markLine of vertical lines, with the labels at their upper end. */
export function vertical(c, levels) {
  return {
    silent: true,
    symbol: "none",
    animation: false,
    data: levels.map((level) => ({
      xAxis: level.value,
      lineStyle: { color: c.ink, width: 1.5, type: DASHES[level.kind] },
      label: { position: "end", distance: 3, fontSize: 11, fontWeight: 600, color: c.ink, formatter: `${level.name} ${level.text}` },
    })),
  };
}

/** Return the ends of an axis that contains `values` and the levels near them, with a margin. */
export function range(values, levels) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  const reach = 0.6 * (high - low || high * 0.1);
  for (const level of levels) {
    if (level.value < low && level.value >= low - reach) low = level.value;
    if (level.value > high && level.value <= high + reach) high = level.value;
  }
  const step = niceStep((high - low || high * 0.1) / 5);
  return { low: Math.floor((low - step * 0.1) / step) * step, high: Math.ceil((high + step * 0.1) / step) * step, step };
}

/** Return the round step (1, 2, 2.5 or 5 times a power of ten) nearest above a size. */
export function niceStep(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= size * 0.999);
}
