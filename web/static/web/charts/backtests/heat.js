// A heat-map of R with the number of trades in each cell: by hour and weekday, and by month.

import { mixed, plain, readable } from "../theme.js";

const FEW = 30;
const WIDE_CELL = 90; // px, for all words
const SMALL_CELL = 34; // px, for decimals

/** Return the drawing; a cell with too few trades is pale where `marksFew`. */
function heat(data, { c, narrow }, marksFew) {
  const { rows: names, columns, count, value } = data.parts;
  const known = data.rows.filter((row) => row[value] !== null && (!marksFew || row[count] >= FEW)).map((row) => Math.abs(row[value]));
  const largest = Math.max(0.05, ...known);
  const axis = { type: "category", axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false } };
  const label = { color: c.ink2, fontSize: 11, interval: 0 };
  const fill = (row) => {
    if (row[value] === null) return c.sunk;
    const share = Math.min(Math.abs(row[value]) / largest, 1) * (marksFew && row[count] < FEW ? 0.18 : 0.85);
    return mixed(c.card, row[value] < 0 ? c.negative : c.positive, share);
  };
  return {
    startRow: 0,
    rowOf: (hovered) => hovered.dataIndex,
    point: (row) => ({ seriesIndex: 0, dataIndex: row }),
    option: {
      grid: { top: 4, bottom: 24, left: narrow ? 34 : 78, right: 4 },
      xAxis: { ...axis, data: columns.map((name) => (narrow ? name.replace(/ to .*/, "").slice(0, 5) : name)), axisLabel: label },
      yAxis: { ...axis, data: names, inverse: true, axisLabel: { ...label, formatter: (name) => (narrow ? name.slice(0, /\d/.test(name) ? 4 : 3) : name) } },
      series: [
        {
          type: "custom",
          data: data.rows.map((_, n) => [n % columns.length, Math.floor(n / columns.length)]),
          renderItem: (parameters, api) => {
            const row = data.rows[parameters.dataIndex];
            const [x, y] = api.coord([api.value(0), api.value(1)]);
            const [width, height] = api.size([1, 1]);
            const colour = fill(row);
            const ink = row[value] === null ? c.ink2 : readable(colour, c);
            const few = marksFew && row[count] > 0 && row[count] < FEW;
            const isWide = width > WIDE_CELL;
            const words = `${isWide || width > SMALL_CELL + 20 ? "n = " : ""}${plain(row[count])}${few && isWide ? ", too few" : ""}`;
            const full = data.cells[parameters.dataIndex][value];
            const shown = isWide ? full : width > SMALL_CELL ? full.replace(" R", "") : plain(Math.round(row[value]));
            const rich = { value: { fontSize: 11, fontWeight: 600, fill: ink, lineHeight: 15, fontFamily: "Inter, sans-serif" }, count: { fontSize: 11, fill: ink, lineHeight: 14, fontFamily: "Inter, sans-serif" } };
            return {
              type: "rect",
              shape: { x: x - width / 2 + 1, y: y - height / 2 + 1, width: width - 2, height: height - 2, r: 3 },
              style: { fill: colour, stroke: row[value] === null ? c.line2 : few ? c.line2 : "none" },
              emphasis: { style: { stroke: c.accent, lineWidth: 2 } },
              textContent: { type: "text", style: { rich, text: row[value] === null ? "{count|–}" : `{value|${shown}}\n{count|${words}}`, align: "center" } },
              textConfig: { position: "inside" },
            };
          },
        },
      ],
    },
  };
}

export const hours = (data, view) => heat(data, view, true);
export const months = (data, view) => heat(data, view, false);
