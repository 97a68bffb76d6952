// The bars of a session with a signal: a triangle at its bar, and from there on its entry, stop and targets.

import { apart } from "../levels.js";
import { price } from "../price.js";

const TOP = 10, BOTTOM = 26; // px around the plot, as in price.js
const HIGH = 2, LOW = 3; // columns of a row

export function signal(data, view) {
  const { c, narrow, height } = view;
  const own = data.levels.filter((level) => level.kind !== "wall");
  const walls = data.levels.filter((level) => level.kind === "wall");
  const drawn = price({ ...data, levels: walls }, view, own.map((level) => level.value));
  const { row, side, end } = data.parts.signal;
  const { option } = drawn;
  const { min, max } = option.yAxis;
  const last = end ?? data.parts.axis.length - 1;
  const plot = height - TOP - BOTTOM;
  // The labels of the walls, which are on the first series, are moved too.
  const shown = walls.filter((level) => level.value >= min && level.value <= max);
  const shifts = apart([...own, ...shown].map((level) => (1 - (level.value - min) / (max - min)) * plot), plot);
  option.series[0].markLine.data.forEach((line, n) => { line.label.offset = [0, shifts[own.length + n]]; });
  const colour = { entry: c.ink, stop: c["negative-text"], target: c["positive-text"] };
  const find = (kind) => own.filter((level) => level.kind === kind).map((level) => level.value);
  const [entry] = find("entry");
  const farthest = find("target").at(-1);
  const [stop] = find("stop");
  const zones = [
    farthest === undefined ? null : [entry, farthest, c.positive],
    stop === undefined ? null : [entry, stop, c.negative],
  ].filter(Boolean);
  const marked = data.rows[Math.min(row, data.rows.length - 1)];
  option.series.push(
    {
      type: "line", data: [], silent: true,
      markLine: {
        silent: true, symbol: "none", animation: false,
        data: own.map((level, n) => [
          { coord: [row, level.value],
            lineStyle: { color: colour[level.kind], width: level.kind === "entry" ? 1.5 : 1, type: "solid" },
            label: { position: "end", distance: 6, offset: [0, shifts[n]], fontSize: 11, fontWeight: 600, color: colour[level.kind],
              formatter: narrow ? level.text : `${level.name} ${level.text}` } },
          { coord: [data.parts.axis.length - 1, level.value] },
        ]),
      },
      markArea: {
        silent: true, animation: false,
        data: zones.map(([from, to, fill]) => [
          { coord: [row, from], itemStyle: { color: fill, opacity: 0.13 } }, { coord: [last, to] },
        ]),
      },
    },
    {
      type: "scatter", silent: true, symbol: "triangle", symbolSize: 11, symbolRotate: side > 0 ? 0 : 180,
      symbolOffset: [0, side > 0 ? 9 : -9], itemStyle: { color: c.accent }, z: 5,
      data: marked && marked[HIGH] !== null ? [[row, side > 0 ? marked[LOW] : marked[HIGH]]] : [],
    },
  );
  return { ...drawn, startRow: Math.min(row, data.rows.length - 1) };
}
