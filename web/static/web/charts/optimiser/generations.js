// The best weights of each generation in sample: a line for each fit, in grey those before the tests.

import { apart, range } from "../levels.js";
import { plain, textAxis, valueAxis } from "../theme.js";

const DASHES = ["solid", [6, 3], [2, 3], [8, 3, 2, 3]];
const whole = (value) => `${plain(value * 100)} %`;
const inR = (value) => `${value > 0 ? "+" : ""}${plain(value, 2)} R`;

export function generations(data, { c, narrow, mode, height }) {
  const { rows } = data;
  const { fits, target } = data.parts;
  const isRate = mode !== "r";
  const columns = fits.map((_, n) => rows.map((row) => row[1 + 2 * n + (isRate ? 0 : 1)]));
  const known = columns.flat().filter((value) => value !== null);
  const level = { value: isRate ? target : 0 };
  const ends = range(known.length ? known : [0, 1], [level]); // with the level where it is near
  const top = 8, bottom = 40;
  const every = Math.max(1, Math.ceil(rows.length / (narrow ? 6 : 12)));
  const lasts = columns.map((column) => column.findLastIndex((value) => value !== null));
  const place = (value) => (1 - (value - ends.low) / (ends.high - ends.low)) * (height - top - bottom);
  const shown = columns.map((_, n) => n).filter((n) => lasts[n] >= 0);
  const shifts = apart(shown.map((n) => place(columns[n][lasts[n]])), height - top - bottom);
  return {
    startRow: rows.length - 1,
    rowOf: (hovered) => (hovered.length ? hovered[0].dataIndex : null),
    point: (row) => ({ seriesIndex: Math.max(columns.findIndex((column) => column[row] !== null), 0), dataIndex: row }),
    option: {
      tooltip: { trigger: "axis" },
      grid: { top, bottom, left: 52, right: narrow ? 78 : 92 },
      xAxis: textAxis(c, rows.map((row) => String(row[0])), (n) => n % every === 0, {
        boundaryGap: false, name: "generation", nameLocation: "middle", nameGap: 24, nameTextStyle: { color: c.ink2, fontSize: 11 },
      }),
      yAxis: valueAxis(c, isRate ? whole : inR, { min: ends.low, max: ends.high, interval: ends.step }),
      series: columns.map((column, n) => {
        const isAll = fits[n] === "All sessions";
        const colour = isAll ? c.accent : c.ink2;
        return {
          type: "line", data: column, connectNulls: false, symbol: "circle", symbolSize: 5, showSymbol: rows.length < 3,
          lineStyle: { color: colour, width: isAll ? 2 : 1.3, type: isAll ? "solid" : DASHES[n % DASHES.length] }, itemStyle: { color: colour }, emphasis: { disabled: true },
          markPoint: lasts[n] < 0 ? undefined : {
            silent: true, symbol: "circle", symbolSize: 5, animation: false, itemStyle: { color: colour },
            // A fit may stop before the others; its name stands at the edge of the plot all the same.
            data: [
              { coord: [lasts[n], column[lasts[n]]], label: { show: false } },
              { coord: [rows.length - 1, column[lasts[n]]], symbolSize: 0.1, label: { show: true, position: "right", distance: 8, offset: [0, shifts[shown.indexOf(n)]], color: colour, fontSize: 11, fontWeight: isAll ? 600 : 400, formatter: fits[n] } },
            ],
          },
          markLine: n ? undefined : {
            silent: true, symbol: "none", animation: false,
            data: isRate
              ? [{ yAxis: target, lineStyle: { color: c.ink3, type: [3, 3] }, label: { show: true, position: "insideStartTop", color: c.ink2, fontSize: 11, formatter: `target ${whole(target)}` } }]
              : [{ yAxis: 0, lineStyle: { color: c.ink3, type: "solid" }, label: { show: false } }],
          },
        };
      }),
    },
  };
}
