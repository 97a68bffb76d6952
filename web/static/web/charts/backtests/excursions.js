// Largest loss against largest profit on the way of each trade: circles that won, hollow triangles that lost.

import { range } from "../levels.js";
import { plain, valueAxis } from "../theme.js";

const [MAE, MFE, R] = [1, 2, 3];
const inR = (value) => `${plain(value, 1)} R`;

export function excursions(data, { c }) {
  const { rows } = data;
  const [x, y] = [MAE, MFE].map((place) => range([0, ...rows.map((row) => row[place])], []));
  const parts = [
    { name: "Won", symbol: "circle", rows: rows.flatMap((row, n) => (row[R] > 0 ? [n] : [])), style: { color: c.positive, opacity: 0.7 } },
    { name: "Not won", symbol: "triangle", rows: rows.flatMap((row, n) => (row[R] > 0 ? [] : [n])), style: { color: "transparent", borderColor: c.negative, borderWidth: 1.2 } },
  ];
  const size = rows.length > 400 ? 5 : 7;
  return {
    startRow: rows.length - 1,
    rowOf: (hovered) => parts[hovered.seriesIndex].rows[hovered.dataIndex],
    point: (row) => {
      const seriesIndex = rows[row][R] > 0 ? 0 : 1;
      return { seriesIndex, dataIndex: parts[seriesIndex].rows.indexOf(row) };
    },
    option: {
      legend: { top: 0, left: 0, itemWidth: 9, itemHeight: 9, itemGap: 14, selectedMode: false, textStyle: { color: c.ink2, fontSize: 11 } },
      grid: { top: 26, bottom: 40, left: 48, right: 14 },
      xAxis: valueAxis(c, inR, { min: x.low, max: 0, interval: x.step, name: "largest loss on the way", nameLocation: "middle", nameGap: 24, nameTextStyle: { color: c.ink2, fontSize: 11 }, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: c.line2 } } }),
      yAxis: valueAxis(c, inR, { min: 0, max: y.high, interval: y.step }),
      series: parts.map((part) => ({ name: part.name, type: "scatter", symbol: part.symbol, symbolSize: size, itemStyle: part.style, data: part.rows.map((n) => [rows[n][MAE], rows[n][MFE]]) })),
    },
  };
}
