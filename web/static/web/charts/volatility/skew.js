// 25-delta put over call above the slope from 30 to 60 days, by session, in points of volatility.

import { range } from "../levels.js";
import { plain, textAxis, valueAxis } from "../theme.js";

const [SKEW, SLOPE] = [1, 2];
const MOST_SYMBOLS = 40; // sessions, of which each has a mark

export function skew(data, { c, narrow, height }) {
  const { axis } = data.parts;
  const upper = Math.round((height - 70) / 2);
  const starts = axis.map((month, n) => n > 0 && month !== axis[n - 1]);
  const every = Math.max(Math.ceil(starts.filter(Boolean).length / (narrow ? 3 : 8)), 1);
  let seen = 0;
  const labelled = starts.map((isStart, n) => (isStart ? seen++ % every === 0 : n === 0 && !starts.some(Boolean)));
  const isShown = (n) => labelled[n];
  const panel = (column, place) => {
    const values = data.rows.map((row) => (row[column] === null ? null : row[column] * 100));
    const known = values.filter((value) => value !== null);
    const ends = range(known.length ? [...known, 0] : [0, 1], []);
    return {
      y: valueAxis(c, (value) => `${value > 0 ? "+" : ""}${plain(value, 2)} pt`, { gridIndex: place, min: ends.low, max: ends.high, interval: narrow ? (ends.high - ends.low) / 2 : ends.step }),
      series: {
        type: "line", xAxisIndex: place, yAxisIndex: place, data: values, connectNulls: false, symbol: "circle", symbolSize: 5, showSymbol: values.length <= MOST_SYMBOLS,
        lineStyle: { color: c.ink, width: 1.6, type: place ? "dashed" : "solid" }, itemStyle: { color: c.ink }, emphasis: { disabled: true },
        markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, data: [{ yAxis: 0, lineStyle: { color: c.ink2, type: "solid", width: 1 } }] },
      },
    };
  };
  const panels = [panel(SKEW, 0), panel(SLOPE, 1)];
  const title = (text, top) => ({ text, left: 0, top, textStyle: { color: c.ink2, fontSize: 11, fontWeight: 400, fontFamily: "Inter, sans-serif" } });
  return {
    startRow: data.rows.length - 1,
    rowOf: (hovered) => (hovered.length ? hovered[0].dataIndex : null),
    point: (row) => ({ seriesIndex: data.rows[row][SKEW] === null ? 1 : 0, dataIndex: row }),
    option: {
      tooltip: { trigger: "axis" },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      title: [title("25-delta put over call", 0), title("Slope, 30 to 60 days", upper + 24)],
      grid: [
        { top: 22, height: upper - 6, left: 62, right: 16 },
        { top: upper + 46, bottom: 26, left: 62, right: 16 },
      ],
      xAxis: [textAxis(c, axis, isShown, { boundaryGap: false, axisLabel: { show: false } }), textAxis(c, axis, isShown, { gridIndex: 1, boundaryGap: false })],
      yAxis: panels.map(({ y }) => y),
      series: panels.map(({ series }) => series),
    },
  };
}
