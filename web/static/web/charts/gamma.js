// Gamma or open interest by strike: horizontal bars, positive to the right, with spot, walls and flips.

import { horizontal, niceStep } from "./levels.js";
import { hatch, legend, plain, short, unsigned, valueAxis } from "./theme.js";

const STRIKE = 0;
// Columns of the document: the outer bars of calls and puts and the inner bar, by mode.
const MODES = {
  parts: { call: 1, put: 2, inner: 3, names: ["Call part", "Put part", "Net"], format: short },
  change: { inner: 4, names: ["Change of net"], format: short },
  interest: { call: 5, put: 6, mirror: true, names: ["Calls", "Puts"], format: unsigned },
  "interest-change": { call: 7, put: 8, beside: true, names: ["Change of calls", "Change of puts"], format: short },
};
const NARROW_ROWS = 25;
const INNER = 0.55; // height of the net bar inside the bars of calls and puts
const CUT = 2.5; // a bar this many times the next one is cut

export function gamma(data, { c, narrow, mode, height }) {
  const chosen = MODES[mode ?? "parts"];
  const shown = narrow ? around(data, NARROW_ROWS) : data.rows.map((_, n) => n);
  const rows = shown.map((n) => data.rows[n]);
  const strikes = rows.map((row) => row[STRIKE]);
  const gap = Math.min(...strikes.slice(1).map((strike, n) => strike - strikes[n]), Infinity);
  const step = Number.isFinite(gap) ? gap : 1;
  const top = 26, bottom = 30;
  const ends = { low: Math.min(...strikes) - step * 0.75, high: Math.max(...strikes) + step * 0.75 };
  const limit = reach(rows, chosen);
  const drawn = { c, chosen, limit: limit.axis, step, fills: fills(c) };
  return {
    startRow: nearest(data.rows, data.parts.spot),
    rowOf: (hovered) => (hovered.seriesIndex === 0 ? shown[hovered.dataIndex] : null),
    point: (row) => (shown.includes(row) ? { seriesIndex: 0, dataIndex: shown.indexOf(row) } : null),
    option: {
      aria: { enabled: false },
      legend: { ...legend(c, chosen.names.map((name, n) => ({ name, itemStyle: swatch(drawn, chosen, n) }))), icon: "rect" },
      grid: { top, bottom, left: narrow ? 52 : 58, right: narrow ? 58 : 128 },
      xAxis: valueAxis(c, chosen.format, { min: -limit.axis, max: limit.axis, interval: limit.step * (narrow ? 2 : 1), scale: false }),
      yAxis: valueAxis(c, null, { min: ends.low, max: ends.high, splitLine: { show: false },
        axisLabel: { color: c.ink2, fontSize: 11, customValues: roundStrikes(ends, step, height, narrow), formatter: (value) => plain(value, 2) } }),
      series: [
        {
          type: "custom",
          clip: true,
          z: 6, // above the lines of levels, which would cross out the values at the ends of bars
          data: rows.map((row) => [0, row[STRIKE]]),
          renderItem: (params, api) => bars(api, rows[params.dataIndex], drawn),
          markLine: horizontal(c, data.levels, ends.low, ends.high, height - top - bottom, narrow),
        },
        // Named series without data are the entries of the legend; the zero line belongs to the first.
        ...chosen.names.map((name, n) => ({
          name, type: "bar", data: [], itemStyle: swatch(drawn, chosen, n),
          markLine: n ? undefined : { silent: true, symbol: "none", animation: false, label: { show: false },
            data: [{ xAxis: 0, lineStyle: { color: c.ink2, width: 1, type: "solid" } }] },
        })),
      ],
    },
  };
}

function around(data, count) {
  const middle = nearest(data.rows, data.parts.spot);
  const first = Math.max(Math.min(middle - (count >> 1), data.rows.length - count), 0);
  return data.rows.map((_, n) => n).slice(first, first + count);
}

function nearest(rows, spot) {
  let best = 0;
  rows.forEach((row, n) => { if (Math.abs(row[STRIKE] - spot) < Math.abs(rows[best][STRIKE] - spot)) best = n; });
  return best;
}

/** Return the end of the value axis and its step. A single bar far beyond all others does not decide. */
function reach(rows, chosen) {
  const columns = [chosen.call, chosen.put, chosen.inner].filter((column) => column !== undefined);
  const sizes = rows.map((row) => Math.max(...columns.map((n) => Math.abs(row[n] ?? 0)))).sort((a, b) => b - a);
  const second = sizes[1] || sizes[0] || 1;
  const largest = sizes[0] > CUT * second ? second * 1.25 : sizes[0] || 1;
  const step = niceStep(largest / 3.5);
  return { axis: Math.ceil((largest * 1.02) / step) * step, step };
}

/** Return the round strikes between two ends that have a label. */
function roundStrikes(ends, step, height, narrow) {
  const labels = Math.max(Math.floor(height / (narrow ? 34 : 44)), 2);
  const every = Math.max(niceStep((ends.high - ends.low) / labels), step);
  const values = [];
  for (let value = Math.ceil(ends.low / every) * every; value <= ends.high; value += every) values.push(value);
  return values;
}

function fills(c) {
  return {
    call: c["positive-part"], callLine: c.positive,
    put: hatch(c["negative-part"], c.negative), putLine: c["negative-text"],
    up: c.positive, down: c["negative-text"],
  };
}

function swatch(drawn, chosen, n) {
  const { fills: f } = drawn;
  if (chosen.inner !== undefined && chosen.call === undefined) return { color: f.up };
  return [
    { color: f.call, borderColor: f.callLine, borderWidth: 1 },
    { color: f.put, borderColor: f.putLine, borderWidth: 1 },
    { color: f.up },
  ][n];
}

function bars(api, row, { c, chosen, limit, step, fills: f }) {
  const [zero, y] = api.coord([0, row[STRIKE]]);
  const thick = Math.max(Math.min(Math.abs(api.size([0, step])[1]) * 0.72, 14), 3);
  const children = [];
  const add = (value, share, style, at = 0) => {
    if (!value) return;
    const cut = Math.sign(value) * Math.min(Math.abs(value), limit);
    const [end] = api.coord([cut, row[STRIKE]]);
    const shape = { x: Math.min(zero, end), y: y - (thick * share) / 2 + at, width: Math.abs(end - zero), height: thick * share };
    children.push({ type: "rect", shape, style });
    if (Math.abs(value) > limit && share !== INNER) children.push(endText(end, y, value, chosen, c));
  };
  const callStyle = { fill: f.call, stroke: f.callLine, lineWidth: 1 };
  const putStyle = { fill: f.put, stroke: f.putLine, lineWidth: 1 };
  const [call, put, inner] = [chosen.call, chosen.put, chosen.inner].map((n) => (n === undefined ? 0 : row[n]));
  if (chosen.beside) {
    add(call, 0.5, callStyle, -thick / 4);
    add(put, 0.5, putStyle, thick / 4);
  } else {
    add(call, 1, callStyle);
    add(chosen.mirror ? -put : put, 1, putStyle);
    const share = chosen.call === undefined ? 1 : INNER;
    add(inner, share, { fill: inner < 0 ? f.down : f.up });
  }
  const [left] = api.coord([-limit, row[STRIKE]]);
  const [right] = api.coord([limit, row[STRIKE]]);
  // The whole line of a strike reacts to the mouse, also beside short bars.
  children.push({ type: "rect", shape: { x: left, y: y - thick * 0.65, width: right - left, height: thick * 1.3 }, style: { fill: "rgba(0,0,0,0)" } });
  return { type: "group", children };
}

/** Return the value of a bar that is longer than the axis, written at its end. */
function endText(x, y, value, chosen, c) {
  const text = value < 0 ? `◂ ${chosen.format(value)}` : `${chosen.format(value)} ▸`;
  return {
    type: "text", z2: 10, silent: true,
    style: { text, x: value < 0 ? x + 3 : x - 3, y, align: value < 0 ? "left" : "right", verticalAlign: "middle",
      fontSize: 11, fontWeight: 600, fill: c.ink, backgroundColor: c.card, padding: [0, 3] },
  };
}
