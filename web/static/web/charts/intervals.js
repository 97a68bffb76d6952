// Signed premium since the open above the bullish and bearish premium of each interval.

import { hatch, legend, short, textAxis, valueAxis } from "./theme.js";

const [BULLISH, BEARISH, CUMULATIVE] = [1, 2, 5];

export function intervals(data, { c, narrow, height }) {
  const { axis, minutes } = data.parts;
  const every = Math.max(Math.round((narrow ? 120 : 60) / minutes), 1);
  const upper = Math.round((height - 74) * 0.52);
  const isShown = (n) => n % every === 0;
  const hidden = { axisLabel: { show: false }, axisLine: { show: false } };
  return {
    startRow: Math.max(data.rows.findLastIndex((row) => row[BULLISH] !== null), 0),
    rowOf: (hovered) => (hovered.length ? hovered[0].dataIndex : null),
    point: (row) => ({ seriesIndex: 0, dataIndex: row }),
    option: {
      tooltip: { trigger: "axis" },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      legend: { ...legend(c, [{ name: "Since the open", icon: "path://M0,4 L20,4 L20,6 L0,6 Z" }, { name: "Bullish", icon: "rect" }, { name: "Bearish", icon: "rect" }]) },
      grid: [
        { top: 30, height: upper, left: 60, right: 14 },
        { top: 30 + upper + 24, bottom: 26, left: 60, right: 14 },
      ],
      xAxis: [
        textAxis(c, axis, isShown, hidden),
        textAxis(c, axis, isShown, { gridIndex: 1 }),
      ],
      yAxis: [valueAxis(c, short, { splitNumber: 3, scale: false }), valueAxis(c, short, { gridIndex: 1, splitNumber: 2, scale: false })],
      series: [
        { name: "Since the open", type: "line", data: data.rows.map((row) => row[CUMULATIVE]), showSymbol: false, connectNulls: false,
          lineStyle: { color: c.ink, width: 1.6 }, itemStyle: { color: c.ink }, emphasis: { disabled: true }, markLine: zero(c) },
        { name: "Bullish", type: "bar", xAxisIndex: 1, yAxisIndex: 1, stack: "sum", barMaxWidth: 14, data: data.rows.map((row) => row[BULLISH]),
          itemStyle: { color: c.positive }, emphasis: { disabled: true } },
        { name: "Bearish", type: "bar", xAxisIndex: 1, yAxisIndex: 1, stack: "sum", barMaxWidth: 14,
          data: data.rows.map((row) => (row[BEARISH] === null ? null : -row[BEARISH])),
          itemStyle: { color: hatch(c["negative-part"], c.negative), borderColor: c["negative-text"], borderWidth: 1 }, emphasis: { disabled: true }, markLine: zero(c) },
      ],
    },
  };
}

function zero(c) {
  return { silent: true, symbol: "none", animation: false, label: { show: false }, data: [{ yAxis: 0, lineStyle: { color: c.ink2, type: "solid", width: 1 } }] };
}
