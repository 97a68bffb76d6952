// Volatility at the money by days to settlement on a square-root scale, forward volatilities as steps, and events.

import { range } from "../levels.js";
import { legend, percent, valueAxis } from "../theme.js";

const [DAYS, ATM, FORWARD] = [1, 2, 3];
const TICKS = [1, 7, 14, 30, 60, 91, 182, 365, 730, 1095, 1825];
const APART = 70; // px between the labels of two events
const SHORTEST = 0.5; // days of a forward volatility that is drawn: that from morning to evening settlement is a dot
const STEEPEST = 2; // a forward volatility above this many times the highest one at the money is cut

export function term(data, { c, narrow, width }) {
  const shown = data.rows.map((row, n) => ({ row, n })).filter(({ row }) => row[ATM] !== null);
  const root = (days) => Math.sqrt(Math.max(days, 0));
  const farthest = root(shown.at(-1)?.row[DAYS] ?? 1);
  const levels = shown.map(({ row }) => row[ATM]);
  const highest = STEEPEST * Math.max(...levels);
  const forwards = shown
    .map(({ row }, place) => ({ from: place ? shown[place - 1].row[DAYS] : 0, to: row[DAYS], value: row[FORWARD] }))
    .filter(({ from, to, value }) => value !== null && to - from >= SHORTEST);
  const ends = range([...levels, ...forwards.map(({ value }) => value).filter((value) => value <= highest)], []);
  const left = 48, right = 18;
  const scale = (width - left - right) / (farthest || 1);
  const ticks = TICKS.filter((days) => root(days) <= farthest);
  const place = new Map(shown.map(({ n }, at) => [n, at]));
  return {
    startRow: shown[0]?.n ?? 0,
    rowOf: (hovered) => (hovered.seriesName === "At the money" ? shown[hovered.dataIndex].n : null),
    point: (row) => (place.has(row) ? { seriesIndex: 1, dataIndex: place.get(row) } : null),
    option: {
      legend: legend(c, [{ name: "At the money", icon: "circle" }, { name: "Forward", icon: "path://M0,3 L20,3 L20,6 L0,6 Z" }]),
      grid: { top: 58, bottom: 26, left, right },
      xAxis: valueAxis(c, (value) => days(value), { min: 0, max: farthest, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: c.line2 } },
        axisLabel: { color: c.ink2, fontSize: 11, hideOverlap: true, customValues: ticks.map(root), formatter: (value) => days(value, narrow) }, axisTick: { show: true, customValues: ticks.map(root) } }),
      yAxis: valueAxis(c, percent, { min: Math.max(ends.low, 0), max: ends.high, interval: ends.step }),
      series: [
        {
          name: "Forward", type: "custom", clip: true, silent: true, tooltip: { show: false }, itemStyle: { color: c.neutral },
          data: forwards.map(({ from, to, value }) => [root(from), root(to), value]), encode: { x: [0, 1], y: 2 },
          renderItem: (_, api) => {
            const [x1, y] = api.coord([api.value(0), api.value(2)]);
            const [x2] = api.coord([api.value(1), api.value(2)]);
            return { type: "line", shape: { x1, x2, y1: y, y2: y }, style: { stroke: c.neutral, lineWidth: 3 } };
          },
        },
        {
          name: "At the money", type: "line", data: shown.map(({ row }) => [root(row[DAYS]), row[ATM]]), symbol: "circle", symbolSize: narrow ? 4 : 6, showAllSymbol: true,
          lineStyle: { color: c.ink, width: 1.4 }, itemStyle: { color: c.ink }, markLine: eventLines(c, data.parts.events, root, scale),
        },
      ],
    },
  };
}

function days(value, narrow) {
  const count = Math.round(value * value);
  return narrow ? `${count} d` : count === 1 ? "1 day" : `${count} days`;
}

/** Return the lines of the events; a label that would cover one before it is a line lower, and left out where both are taken. */
function eventLines(c, events, root, scale) {
  const free = [0, 0];
  const data = events.map((event) => {
    const x = root(event.days);
    const level = free.findIndex((from) => x * scale >= from);
    if (level >= 0) free[level] = x * scale + APART;
    return {
      xAxis: x,
      lineStyle: { color: c.accent, width: 1, type: [5, 3] },
      label: { show: level >= 0, position: "end", distance: 3 + 14 * Math.max(level, 0), align: "left", fontSize: 11, color: c.accent, formatter: event.text },
    };
  });
  return { silent: true, symbol: "none", animation: false, data };
}
