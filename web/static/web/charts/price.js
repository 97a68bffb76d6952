// Price bars with levels. Rising bars are hollow, falling ones filled; missing bars are a grey area.

import { horizontal, range } from "./levels.js";
import { plain, textAxis, valueAxis } from "./theme.js";

const [OPEN, HIGH, LOW, CLOSE] = [1, 2, 3, 4];

/** Draw bars and levels. The axis contains the values of `included`, which other levels need not be. */
export function price(data, { c, narrow, height }, included = []) {
  const { axis, days, starts, gaps } = data.parts;
  const stored = data.rows.filter((row) => row[CLOSE] !== null);
  const ends = range([...stored.flatMap((row) => [row[HIGH], row[LOW]]), ...included], data.levels);
  const top = 10, bottom = 26;
  const newest = data.levels.length ? data.levels : [];
  const labels = axis.map((label, n) => (starts.includes(n) && starts.length > 1 ? days[starts.indexOf(n)] : label));
  const every = Math.max(Math.round(axis.length / (narrow ? 3 : 7)), 1);
  const isShown = (n) => {
    const first = starts.filter((start) => start <= n).at(-1) ?? 0;
    const next = starts.find((start) => start > n) ?? axis.length + every;
    return starts.includes(n) || ((n - first) % every === 0 && next - n > every * 0.6);
  };
  return {
    startRow: data.rows.length - 1,
    rowOf: (hovered) => (hovered.length ? hovered[0].dataIndex : null),
    point: (row) => ({ seriesIndex: 0, dataIndex: row }),
    option: {
      tooltip: { trigger: "axis" },
      grid: { top, bottom, left: 56, right: narrow ? 60 : 128 },
      xAxis: textAxis(c, labels, isShown),
      yAxis: valueAxis(c, (value) => plain(value, 2), { min: ends.low, max: ends.high, interval: ends.step }),
      series: [
        {
          type: "candlestick",
          data: data.rows.map((row) => (row[CLOSE] === null ? "-" : [row[OPEN], row[CLOSE], row[LOW], row[HIGH]])),
          barMaxWidth: 9,
          itemStyle: { color: c.card, borderColor: c.positive, color0: c.negative, borderColor0: c["negative-text"], borderColorDoji: c.ink2 },
          markLine: horizontal(c, newest, ends.low, ends.high, height - top - bottom, narrow),
          markArea: {
            silent: true, animation: false, itemStyle: { color: c.sunk },
            label: { color: c["warning-text"], fontSize: 11, fontWeight: 600, position: "inside" },
            data: gaps.map(([first, last]) => [{ xAxis: first, name: last - first > 1 ? "no bars" : "" }, { xAxis: last }]),
          },
        },
        { type: "line", data: [], silent: true, markLine: { silent: true, symbol: "none", animation: false, label: { show: false },
          data: starts.slice(1).map((start) => ({ xAxis: start, lineStyle: { color: c.line2, type: "solid" } })) } },
      ],
    },
  };
}
