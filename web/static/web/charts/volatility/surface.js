// Volatility by tenor (rows) and delta (columns) as a heat-map: the value in each cell, its change, or its percentile.

import { mixed, readable } from "../theme.js";

const COLUMNS = { level: 3, change: 4, percentile: 9 };
const FEWEST_POINTS = 0.01; // of the change that has the full colour

export function surface(data, { c, narrow, mode }) {
  const { tenors, deltas } = data.parts;
  const column = COLUMNS[mode] ?? COLUMNS.level;
  const fill = filler(c, mode, data.rows.map((row) => row[column]).filter((value) => value !== null));
  const text = (row) => (row[column] === null ? "–" : data.cells[data.rows.indexOf(row)][column].replace(/ (%|pt)$/, ""));
  const axis = { type: "category", axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false } };
  const label = { color: c.ink2, fontSize: 11, interval: 0 };
  return {
    startRow: Math.floor(data.rows.length / 2),
    rowOf: (hovered) => hovered.dataIndex,
    point: (row) => ({ seriesIndex: 0, dataIndex: row }),
    option: {
      grid: { top: 24, bottom: 4, left: narrow ? 54 : 70, right: 4 },
      xAxis: { ...axis, data: deltas, position: "top", axisLabel: label },
      yAxis: { ...axis, data: tenors, inverse: true, axisLabel: label },
      series: [
        {
          type: "custom",
          data: data.rows.map((_, n) => [n % deltas.length, Math.floor(n / deltas.length)]),
          renderItem: (parameters, api) => {
            const row = data.rows[parameters.dataIndex];
            const [x, y] = api.coord([api.value(0), api.value(1)]);
            const [width, height] = api.size([1, 1]);
            const colour = fill(row[column]);
            return {
              type: "rect",
              shape: { x: x - width / 2 + 1, y: y - height / 2 + 1, width: width - 2, height: height - 2, r: 3 },
              style: { fill: colour, stroke: row[column] === null ? c.line2 : "none" },
              emphasis: { style: { stroke: c.accent, lineWidth: 2 } },
              textContent: { type: "text", style: { text: text(row), fill: row[column] === null ? c.ink2 : readable(colour, c), fontSize: 12, fontWeight: 600, fontFamily: "Inter, sans-serif" } },
              textConfig: { position: "inside" },
            };
          },
        },
      ],
    },
  };
}

/** Return the function from a value to its colour: by its place between the lowest and the highest, or from zero. */
function filler(c, mode, values) {
  if (mode === "change") {
    const largest = Math.max(FEWEST_POINTS, ...values.map(Math.abs));
    return (value) => (value === null ? c.sunk : mixed(c.card, value < 0 ? c.negative : c.positive, 0.85 * (Math.abs(value) / largest)));
  }
  const [low, high] = mode === "percentile" ? [0, 1] : [Math.min(...values), Math.max(...values)];
  return (value) => (value === null ? c.sunk : mixed(c.card, c.positive, 0.08 + 0.92 * (high > low ? (value - low) / (high - low) : 0.5)));
}
