// Implied volatility of a year with its bounds, median and middle half.

import { horizontal, range } from "./levels.js";
import { percent, textAxis, valueAxis } from "./theme.js";

const IV = 1;

export function iv(data, { c, narrow, height }) {
  const { axis, quartiles } = data.parts;
  const ends = range(data.rows.map((row) => row[IV]).filter((value) => value !== null), data.levels);
  const low = Math.max(ends.low, 0);
  const top = 10, bottom = 26;
  const starts = axis.map((month, n) => n === 0 || month !== axis[n - 1]);
  const months = starts.map((isStart, n) => (isStart ? n : -1)).filter((n) => n > 0);
  const every = Math.max(Math.ceil(months.length / (narrow ? 3 : 6)), 1);
  const labelled = new Set(months.filter((_, n) => n % every === 0));
  const last = data.rows.findLastIndex((row) => row[IV] !== null);
  return {
    startRow: last,
    rowOf: (hovered) => (hovered.length ? hovered[0].dataIndex : null),
    point: (row) => ({ seriesIndex: 0, dataIndex: row }),
    option: {
      tooltip: { trigger: "axis" },
      grid: { top, bottom, left: 48, right: narrow ? 56 : 122 },
      xAxis: textAxis(c, axis, (n) => (labelled.size ? labelled.has(n) : n === 0), { boundaryGap: false }),
      yAxis: valueAxis(c, percent, { min: low, max: ends.high, interval: ends.step }),
      series: [
        {
          type: "line", data: data.rows.map((row) => row[IV]), connectNulls: false, showSymbol: data.rows.length < 3, symbol: "circle", symbolSize: 6,
          lineStyle: { color: c.ink, width: 1.6 }, itemStyle: { color: c.ink }, emphasis: { disabled: true },
          markLine: horizontal(c, data.levels, low, ends.high, height - top - bottom, narrow),
          markArea: { silent: true, animation: false, itemStyle: { color: c.sunk }, data: [[{ yAxis: quartiles[0] }, { yAxis: quartiles[1] }]] },
          markPoint: { silent: true, symbol: "circle", symbolSize: 9, animation: false, label: { show: false }, itemStyle: { color: c.accent },
            data: [{ coord: [last, data.rows[last][IV]] }] },
        },
      ],
    },
  };
}
