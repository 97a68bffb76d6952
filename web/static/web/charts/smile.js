// Volatility by strike, one line per expiration with its own dash and symbol.

import { range, vertical } from "./levels.js";
import { legend, percent, plain, valueAxis } from "./theme.js";

const [EXPIRATION, STRIKE, IV] = [0, 1, 2];
const LOOKS = [["accent", "solid", "circle"], ["ink", "solid", "triangle"], ["ink3", "dashed", "rect"]];

export function smile(data, { c, narrow }) {
  const names = [...new Set(data.rows.map((row) => row[EXPIRATION]))];
  const where = [];
  const lists = names.map(() => []);
  data.rows.forEach((row, n) => {
    const index = names.indexOf(row[EXPIRATION]);
    where.push({ seriesIndex: index, dataIndex: lists[index].length });
    lists[index].push({ value: [row[STRIKE], row[IV]], row: n });
  });
  const strikes = data.rows.map((row) => row[STRIKE]);
  const ends = range(data.rows.map((row) => row[IV]), []);
  const spot = data.levels[0]?.value ?? strikes[0];
  let startRow = 0;
  strikes.forEach((strike, n) => { if (Math.abs(strike - spot) < Math.abs(strikes[startRow] - spot)) startRow = n; });
  return {
    startRow,
    rowOf: (hovered) => hovered.data?.row ?? null,
    point: (row) => where[row] ?? null,
    option: {
      legend: legend(c, names.map((name) => ({ name }))),
      grid: { top: 40, bottom: 26, left: 48, right: 18 },
      xAxis: valueAxis(c, (value) => plain(value, 2), { splitLine: { show: false }, min: Math.min(...strikes), max: Math.max(...strikes),
        axisLabel: { color: c.ink2, fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: (value) => plain(value, 2) } }),
      yAxis: valueAxis(c, percent, { min: Math.max(ends.low, 0), max: ends.high, interval: ends.step }),
      series: names.map((name, n) => {
        const [colour, type, symbol] = LOOKS[n % LOOKS.length];
        return {
          name, type: "line", data: lists[n], symbol, symbolSize: narrow ? 3 : 4, showAllSymbol: true,
          lineStyle: { color: c[colour], type, width: 1.3 }, itemStyle: { color: c[colour] },
          markLine: n ? undefined : vertical(c, data.levels),
        };
      }),
    },
  };
}
