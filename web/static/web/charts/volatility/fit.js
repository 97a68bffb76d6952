// Quotes of one expiration as bars from bid to ask, with the SVI curve (solid) and the cubic (dashed).

import { range } from "../levels.js";
import { legend, percent, plain, valueAxis } from "../theme.js";

const [STRIKE, SIDE, MID, LOW, HIGH] = [0, 1, 2, 3, 4];
const [PUTS, CALLS] = [1, 2]; // positions of the series
const GAP = 3; // px between a line and its label

export function fit(data, { c, narrow }) {
  const puts = data.rows.filter((row) => row[SIDE] === "put").length; // they come first
  const points = (from, to) => data.rows.slice(from, to).map((row) => [row[STRIKE], row[MID]]);
  const [first, last] = data.parts.picture;
  const pictured = data.rows.filter((row) => row[STRIKE] >= first - 1e-9 && row[STRIKE] <= last + 1e-9);
  const ends = range(pictured.flatMap((row) => [row[MID], Math.max(row[LOW], 0), row[HIGH]]), []);
  const curve = (column) => data.parts.curve.map((point) => [point[0], point[column]]);
  const size = narrow ? 3 : 4;
  const quotes = { type: "scatter", clip: true, symbolSize: size, emphasis: { scale: 2 } };
  const line = { type: "line", symbol: "none", silent: true, tooltip: { show: false }, emphasis: { disabled: true } };
  return {
    startRow: Math.min(puts, data.rows.length - 1),
    rowOf: (hovered) => (hovered.seriesIndex === CALLS ? puts + hovered.dataIndex : hovered.dataIndex),
    point: (row) => (row < puts ? { seriesIndex: PUTS, dataIndex: row } : { seriesIndex: CALLS, dataIndex: row - puts }),
    option: {
      legend: { ...legend(c, [{ name: "Put quotes", icon: "rect" }, { name: "Call quotes", icon: "circle" }, { name: "SVI", icon: "path://M0,4 L20,4 L20,6 L0,6 Z" }, { name: "Cubic", icon: "path://M0,4 L7,4 L7,6 L0,6 Z M13,4 L20,4 L20,6 L13,6 Z" }]), itemGap: narrow ? 8 : 14 },
      grid: { top: 44, bottom: 26, left: 48, right: 18 },
      xAxis: valueAxis(c, (value) => plain(value, 2), { splitLine: { show: false }, min: first, max: last, splitNumber: narrow ? 3 : 5,
        axisLabel: { color: c.ink2, fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: (value) => plain(value, 2) } }),
      yAxis: valueAxis(c, percent, { min: Math.max(ends.low, 0), max: ends.high, interval: ends.step }),
      series: [
        {
          type: "custom", clip: true, data: data.rows.map((row) => [row[STRIKE], row[LOW], row[HIGH]]), encode: { x: 0, y: [1, 2] },
          renderItem: (_, api) => bar(api, api.value(0) < (data.rows[puts]?.[STRIKE] ?? Infinity) ? c["negative-text"] : c["positive-text"]),
        },
        { ...quotes, name: "Put quotes", symbol: "rect", data: points(0, puts), itemStyle: { color: c.negative }, markLine: levels(c, data.levels) },
        { ...quotes, name: "Call quotes", symbol: "circle", data: points(puts), itemStyle: { color: c.positive } },
        { ...line, name: "SVI", data: curve(1), lineStyle: { color: c.ink, width: 1.6 }, itemStyle: { color: c.ink } },
        { ...line, name: "Cubic", data: curve(2), lineStyle: { color: c.accent, width: 1.4, type: "dashed" }, itemStyle: { color: c.accent } },
      ],
    },
  };
}

function bar(api, colour) {
  const [x, low] = api.coord([api.value(0), api.value(1)]);
  const [, high] = api.coord([api.value(0), api.value(2)]);
  const lines = [[x, low, x, high], [x - 2, low, x + 2, low], [x - 2, high, x + 2, high]];
  return {
    type: "group",
    children: lines.map(([x1, y1, x2, y2]) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: colour, lineWidth: 1, opacity: 0.75 } })),
  };
}

/** Return the lines of spot and forward, with labels on the sides away from each other; equal ones share a label. */
function levels(c, shown) {
  const ordered = [...shown].sort((a, b) => a.value - b.value);
  const isShared = ordered.length > 1 && ordered[0].text === ordered[1].text;
  const label = (level, n) => {
    if (isShared) return { show: n === 0, align: "center", formatter: `Spot and forward ${level.text}` };
    const isLeft = n === 0 && ordered.length > 1;
    return { align: isLeft ? "right" : "left", offset: [isLeft ? -GAP : GAP, 0], formatter: `${level.name} ${level.text}` };
  };
  return {
    silent: true, symbol: "none", animation: false,
    data: ordered.map((level, n) => ({
      xAxis: level.value,
      lineStyle: { color: c.ink2, width: level.kind === "spot" ? 1.5 : 1, type: level.kind === "spot" ? "solid" : [5, 3] },
      label: { position: "end", distance: 3, fontSize: 11, fontWeight: level.kind === "spot" ? 600 : 400, color: c.ink2, ...label(level, n) },
    })),
  };
}
