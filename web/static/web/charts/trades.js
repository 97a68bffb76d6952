// The largest trades over the price: area by premium, direction by the symbol.

import { range } from "./levels.js";
import { legend, plain, textAxis, valueAxis } from "./theme.js";

const [SENTIMENT, PREMIUM, SPOT, MINUTE] = [3, 4, 7, 8];
const KINDS = [
  ["Bullish", (sentiment) => sentiment === "BULLISH", "triangle", 0, "positive"],
  ["Bearish", (sentiment) => sentiment === "BEARISH", "triangle", 180, "negative"],
  ["Without sign", (sentiment) => !["BULLISH", "BEARISH"].includes(sentiment), "rect", 0, "neutral"],
];
const LARGEST = 30, SMALLEST = 5; // px of a symbol's side

export function trades(data, { c, narrow }) {
  const { axis, prices } = data.parts;
  const known = prices.filter((price) => price !== null);
  const heightOf = (row) => row[SPOT] ?? prices[Math.min(row[MINUTE], prices.length - 1)];
  const placed = data.rows.map((row, n) => ({ row: n, at: Math.min(row[MINUTE], axis.length - 1), y: heightOf(row), premium: row[PREMIUM], sentiment: row[SENTIMENT] }));
  const visible = placed.filter((one) => one.y !== null && one.y !== undefined);
  const ends = range([...known, ...visible.map((one) => one.y)], []);
  const most = Math.max(...visible.map((one) => one.premium), 1);
  const scale = (narrow ? 0.75 : 1) * LARGEST;
  const where = new Map();
  const series = KINDS.map(([name, belongs, symbol, rotate, colour], n) => ({
    name, type: "scatter", symbol, symbolRotate: rotate, z: 3,
    data: visible.filter((one) => belongs(one.sentiment)).sort((a, b) => b.premium - a.premium).map((one, place) => {
      where.set(one.row, { seriesIndex: n, dataIndex: place });
      // The area is in proportion to the premium, so the side to its root.
      return { value: [one.at, one.y], row: one.row, symbolSize: Math.max(scale * Math.sqrt(one.premium / most), SMALLEST) };
    }),
    itemStyle: { color: c[colour], opacity: 0.78, borderColor: c.card, borderWidth: 0.8 },
  }));
  return {
    startRow: data.rows.length - 1,
    rowOf: (hovered) => hovered.data?.row ?? null,
    point: (row) => where.get(row) ?? null,
    option: {
      legend: { ...legend(c, KINDS.map(([name, , symbol, rotate]) => ({ name, icon: symbol, symbolRotate: rotate }))), itemWidth: 11, itemHeight: 10 },
      grid: { top: 28, bottom: 26, left: 56, right: 14 },
      xAxis: textAxis(c, axis, (n) => n % (narrow ? 120 : 60) === 0, { boundaryGap: false }),
      yAxis: valueAxis(c, (value) => plain(value, 2), { min: ends.low, max: ends.high, interval: ends.step }),
      series: [
        ...series,
        { type: "line", data: prices, connectNulls: false, showSymbol: false, silent: true, z: 2, tooltip: { show: false }, lineStyle: { color: c.ink3, width: 1 } },
      ],
    },
  };
}
