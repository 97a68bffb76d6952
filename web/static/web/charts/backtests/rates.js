// Win rates with their intervals, per regime one below another, and per fifth of the score from left to right.

import { range } from "../levels.js";
import { plain, valueAxis } from "../theme.js";

const [NAME, COUNT, RATE, LOW, HIGH, EXPECTANCY, CHANCE] = [0, 1, 2, 3, 4, 5, 6];
const FEW = 30;
const whole = (value) => `${plain(value * 100)} %`;

/** Draw an interval with its rate and the rate of random entries; `along` gives the place of a rate. */
function mark(row, c, api, along, across, isUpright) {
  const colour = row[COUNT] < FEW ? c.ink3 : c.ink;
  const at = (value) => (isUpright ? [across, along(value)] : [along(value), across]);
  const line = (from, to) => ({ type: "line", shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, style: { stroke: colour, lineWidth: 1.5 } });
  const end = (value) => {
    const [x, y] = at(value);
    return isUpright ? line([x - 4, y], [x + 4, y]) : line([x, y - 4], [x, y + 4]);
  };
  const [x, y] = at(row[RATE]);
  const shapes = [
    line(at(row[LOW]), at(row[HIGH])), end(row[LOW]), end(row[HIGH]),
    { type: "circle", shape: { cx: x, cy: y, r: 4.5 }, style: { fill: row[COUNT] < FEW ? c.card : c.ink, stroke: colour, lineWidth: 1.5 } },
  ];
  if (row[CHANCE] !== null) {
    const [px, py] = at(row[CHANCE]);
    const points = isUpright ? [[px + 9, py], [px + 15, py - 4], [px + 15, py + 4]] : [[px, py + 8], [px - 4, py + 14], [px + 4, py + 14]];
    shapes.push({ type: "polygon", shape: { points }, style: { fill: c.ink2 } });
  }
  return { type: "group", children: shapes };
}

const common = (data) => ({ startRow: 0, rowOf: (hovered) => hovered.dataIndex, point: (row) => ({ seriesIndex: 0, dataIndex: row }) });

export function rates(data, { c, narrow }) {
  const { rows } = data;
  const names = rows.map((row) => row[NAME]);
  return {
    ...common(data),
    option: {
      grid: { top: 6, bottom: 24, left: narrow ? 118 : 136, right: 70 },
      xAxis: valueAxis(c, whole, { min: 0, max: 1, interval: 0.25 }),
      yAxis: { type: "category", data: names, inverse: true, axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: c.ink, fontSize: 11, interval: 0 } },
      series: [
        {
          type: "custom", data: rows.map((row, n) => [row[RATE], n]),
          markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, lineStyle: { color: c.ink3, type: [3, 3] }, data: [{ xAxis: 0.65 }] },
          renderItem: (parameters, api) => {
            const across = api.coord([0, parameters.dataIndex])[1];
            return mark(rows[parameters.dataIndex], c, api, (value) => api.coord([value, 0])[0], across, false);
          },
        },
        {
          type: "custom", silent: true, tooltip: { show: false }, data: rows.map((_, n) => [1, n]),
          renderItem: (parameters, api) => {
            const row = rows[parameters.dataIndex];
            const [x, y] = api.coord([1, parameters.dataIndex]);
            const text = (words, shift, weight, colour) => ({ type: "text", x: x + 10, y: y + shift, style: { text: words, fill: colour, fontSize: 11, fontWeight: weight, fontFamily: "Inter, sans-serif", verticalAlign: "middle" } });
            return { type: "group", children: [text(whole(row[RATE]), -7, 600, c.ink), text(`n = ${plain(row[COUNT])}`, 8, 400, c.ink2)] };
          },
        },
      ],
    },
  };
}

export function scores(data, { c, narrow }) {
  const { rows } = data;
  const ends = range([0, ...rows.map((row) => row[EXPECTANCY])], []);
  const axis = { type: "category", data: rows.map((row) => row[NAME]), axisTick: { show: false }, axisLine: { lineStyle: { color: c.line2 }, onZero: false } };
  const left = 48, right = 12;
  return {
    ...common(data),
    option: {
      grid: [{ top: 22, bottom: "46%", left, right }, { top: "65%", bottom: 40, left, right }],
      xAxis: [
        { ...axis, axisLabel: { show: false } },
        { ...axis, gridIndex: 1, axisLabel: { color: c.ink2, fontSize: 11, lineHeight: 14, margin: 6, interval: 0, formatter: (name, n) => (narrow ? name.replace(" to ", " to\n") : `${name}\nn = ${plain(rows[n][COUNT])}`) } },
      ],
      yAxis: [
        valueAxis(c, whole, { min: 0, max: 1, interval: 0.25 }),
        valueAxis(c, (value) => plain(value, 2), { gridIndex: 1, min: ends.low, max: ends.high, interval: ends.step }),
      ],
      series: [
        {
          type: "custom", data: rows.map((row, n) => [n, row[RATE]]),
          markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, lineStyle: { color: c.ink3, type: [3, 3] }, data: [{ yAxis: 0.65 }] },
          renderItem: (parameters, api) => {
            const across = api.coord([parameters.dataIndex, 0])[0];
            return mark(rows[parameters.dataIndex], c, api, (value) => api.coord([0, value])[1], across, true);
          },
        },
        {
          type: "bar", xAxisIndex: 1, yAxisIndex: 1, barWidth: "46%", data: rows.map((row) => ({ value: row[EXPECTANCY],
            itemStyle: { color: row[EXPECTANCY] < 0 ? c.negative : c.positive, opacity: row[COUNT] < FEW ? 0.45 : 1 } })),
          label: { show: true, position: "outside", color: c.ink, fontSize: 11, formatter: (one) => data.cells[one.dataIndex][EXPECTANCY] },
          markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, lineStyle: { color: c.ink3, type: "solid" }, data: [{ yAxis: 0 }] },
        },
      ],
      graphic: [
        { type: "text", silent: true, left, top: 2, style: { text: "win rate", fill: c.ink2, fontSize: 11, fontFamily: "Inter, sans-serif" } },
        { type: "text", silent: true, left, top: "58%", style: { text: "expectancy, R", fill: c.ink2, fontSize: 11, fontFamily: "Inter, sans-serif" } },
      ],
    },
  };
}

