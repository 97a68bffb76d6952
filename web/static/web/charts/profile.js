// Net gamma by spot price: a band between the conventions, one line for each, and their flips.

import { range, vertical } from "./levels.js";
import { legend, plain, short, valueAxis } from "./theme.js";

const LINES = [["Naive", 1, "solid", 2], ["Volume-weighted", 2, "dashed", 1.3], ["Own gamma", 3, "dotted", 1.5]];
const LOW = 4, HIGH = 5;

export function profile(data, { c, narrow }) {
  const prices = data.rows.map((row) => row[0]);
  const points = (column) => data.rows.map((row) => [row[0], row[column]]);
  const shown = LINES.filter(([, column]) => data.rows.some((row) => row[column] !== null));
  const ends = range(data.rows.flatMap((row) => [row[LOW], row[HIGH]]), [{ value: 0 }]);
  const flips = Object.values(data.parts.flips).flat();
  const lines = shown.map(([name, column, type, width]) => ({
    name, type: "line", data: points(column), symbol: "none",
    lineStyle: { color: type === "dashed" ? c.ink2 : c.ink, type, width }, itemStyle: { color: c.ink },
    emphasis: { disabled: true },
  }));
  const band = { type: "line", stack: "band", stackStrategy: "all", silent: true, showSymbol: false, lineStyle: { opacity: 0 }, tooltip: { show: false } };
  const middle = (prices.length - 1) >> 1;
  return {
    startRow: middle,
    rowOf: (hovered) => (hovered.length ? hovered[0].dataIndex : null),
    point: (row) => ({ seriesIndex: 2, dataIndex: row }),
    option: {
      tooltip: { trigger: "axis" },
      legend: { ...legend(c, [...shown.map(([name]) => ({ name, itemStyle: { opacity: 0 } })), { name: "Flip", icon: "circle" }]), itemGap: narrow ? 8 : 14, itemWidth: narrow ? 14 : 22 },
      grid: { top: 40, bottom: 26, left: 58, right: 16 },
      xAxis: valueAxis(c, (value) => plain(value, 2), { min: prices[0], max: prices.at(-1), splitNumber: narrow ? 3 : 5,
        splitLine: { show: false }, axisLabel: { color: c.ink2, fontSize: 11, showMinLabel: false, showMaxLabel: false, formatter: (value) => plain(value, 2) } }),
      yAxis: valueAxis(c, short, { min: ends.low, max: ends.high, interval: ends.step }),
      series: [
        { ...band, data: points(LOW) },
        { ...band, data: data.rows.map((row) => [row[0], row[HIGH] - row[LOW]]), areaStyle: { color: c.neutral, opacity: 0.22 } },
        ...lines.map((line, n) => (n ? line : { ...line, markLine: vertical(c, data.levels) })),
        { name: "Flip", type: "scatter", data: flips.map((flip) => [flip, 0]), symbol: "circle", symbolSize: 9, silent: true, z: 5,
          itemStyle: { color: c.card, borderColor: c.ink, borderWidth: 1.5 }, tooltip: { show: false },
          markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, data: [{ yAxis: 0, lineStyle: { color: c.ink2, type: "solid", width: 1 } }] } },
      ],
    },
  };
}
