// Sum of R by session before the band of resampled sessions, and below it the distance from the highest sum.

import { range } from "../levels.js";
import { plain, textAxis, valueAxis } from "../theme.js";

const [EQUITY, DRAWDOWN, LOW, HIGH] = [3, 4, 5, 6];
const inR = (value) => `${value > 0 ? "+" : ""}${plain(value, 1)} R`;

export function equity(data, { c, narrow, height }) {
  const { rows } = data;
  const column = (place) => rows.map((row) => row[place]);
  const ends = range([0, ...column(EQUITY), ...column(LOW), ...column(HIGH)], []);
  const deepest = range([0, ...column(DRAWDOWN)], []);
  const names = rows.map((row) => row[0]);
  const every = Math.max(1, Math.ceil(names.length / (narrow ? 3 : 6)));
  const left = 56, right = narrow ? 12 : 64, low = Math.round(height * 0.22);
  const last = rows.at(-1)[EQUITY];
  const axis = (more) => textAxis(c, names.map(day), (place) => place % every === 0, { boundaryGap: false, ...more });
  return {
    startRow: rows.length - 1,
    rowOf: (hovered) => (Array.isArray(hovered) ? hovered[0].dataIndex : hovered.dataIndex),
    point: (row) => ({ seriesIndex: 2, dataIndex: row }),
    option: {
      tooltip: { trigger: "axis", axisPointer: { type: "line" } },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      grid: [
        { left, right, top: 8, bottom: low + 40 },
        { left, right, height: low, bottom: 24 },
      ],
      xAxis: [axis({ gridIndex: 0, axisLabel: { show: false }, axisLine: { show: false } }), axis({ gridIndex: 1 })],
      yAxis: [
        valueAxis(c, inR, { min: ends.low, max: ends.high, interval: ends.step }),
        valueAxis(c, inR, { gridIndex: 1, min: deepest.low, max: 0, interval: Math.max(-deepest.low / 2, deepest.step) }),
      ],
      series: [
        // The custom series draws the band as one polygon, which a stacked area cannot across zero.
        {
          type: "custom", silent: true, tooltip: { show: false }, data: [[0, 0]],
          renderItem: (_, api) => {
            const at = (place) => rows.map((row, n) => api.coord([n, row[place]]));
            return { type: "polygon", shape: { points: [...at(HIGH), ...at(LOW).reverse()] }, style: { fill: c.neutral, opacity: 0.2 } };
          },
        },
        {
          type: "line", silent: true, data: [], tooltip: { show: false },
          markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, lineStyle: { color: c.ink3, type: "solid", width: 1 }, data: [{ yAxis: 0 }] },
        },
        {
          type: "line", data: column(EQUITY), showSymbol: rows.length < 3, lineStyle: { color: c.ink, width: 1.6 }, itemStyle: { color: c.ink }, emphasis: { disabled: true },
          endLabel: { show: !narrow, formatter: inR(last), color: c.ink, fontSize: 11, fontWeight: 600, distance: 6 },
        },
        {
          type: "line", xAxisIndex: 1, yAxisIndex: 1, data: column(DRAWDOWN), showSymbol: rows.length < 3, lineStyle: { color: c.negative, width: 1.2 },
          itemStyle: { color: c.negative }, areaStyle: { color: c.negative, opacity: 0.16, origin: 0 }, emphasis: { disabled: true },
        },
      ],
      graphic: [
        { type: "text", silent: true, left: left + 8, top: 12, style: { text: narrow ? "band: 95 % of orders" : "band: 95 % of random orders of the sessions", fill: c.ink2, fontSize: 11, fontFamily: "Inter, sans-serif" } },
        { type: "text", silent: true, left: left + 8, bottom: 30, style: { text: "drawdown", fill: c["negative-text"], fontSize: 11, fontWeight: 600, fontFamily: "Inter, sans-serif" } },
      ],
    },
  };
}

/** Return an ISO date as a label of the axis: 5 Jan 26. */
function day(iso) {
  return new Date(`${iso}T12:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "2-digit", timeZone: "UTC" });
}
