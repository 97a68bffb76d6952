// Market regime by session, from falling (below) to rising (above), over the VIX.

import { range } from "./levels.js";
import { plain, textAxis, valueAxis } from "./theme.js";

const [REGIME, CONFIDENCE, VIX] = [1, 2, 3];

export function regime(data, { c, narrow, height }) {
  const { axis, order } = data.parts;
  const used = order.filter((name) => data.rows.some((row) => row[REGIME] === name));
  const vix = data.rows.map((row) => row[VIX]).filter((value) => value !== null);
  const ends = vix.length ? range(vix, []) : { low: 0, high: 1, step: 1 };
  const left = narrow ? 116 : 136;
  const upper = Math.round((height - 60) * 0.6);
  const isStart = (n) => n > 0 && axis[n] !== axis[n - 1];
  const rows = data.rows.map((row, n) => [n, used.indexOf(row[REGIME])]).filter(([, place]) => place >= 0);
  const middle = (used.length - 1) / 2;
  return {
    startRow: data.rows.length - 1,
    rowOf: (hovered) => (hovered.length ? hovered[0].value[0] ?? hovered[0].dataIndex : null),
    point: (row) => ({ seriesIndex: 1, dataIndex: row }),
    option: {
      tooltip: { trigger: "axis" },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      grid: [
        { top: 8, height: upper, left, right: 16 },
        { top: 8 + upper + 18, bottom: 26, left, right: 16 },
      ],
      xAxis: [
        textAxis(c, axis, isStart, { axisLabel: { show: false } }),
        textAxis(c, axis, isStart, { gridIndex: 1 }),
      ],
      yAxis: [
        textAxis(c, used, () => true, { splitLine: { show: true, lineStyle: { color: c.grid } } }),
        valueAxis(c, (value) => plain(value, 1), { gridIndex: 1, min: ends.low, max: ends.high, interval: ends.step, name: "VIX",
          nameLocation: "middle", nameGap: 36, nameTextStyle: { color: c.ink2, fontSize: 11 } }),
      ],
      series: [
        {
          type: "custom", data: rows,
          renderItem: (_, api) => {
            const place = api.value(1);
            const [x, y] = api.coord([api.value(0), place]);
            const [width, tall] = api.size([1, 1]);
            const colour = place > middle ? c.positive : place < middle ? c.negative : c.neutral;
            const confidence = data.rows[api.value(0)][CONFIDENCE] ?? 50;
            return { type: "rect", shape: { x: x - width / 2, y: y - tall * 0.32, width: width + 0.5, height: tall * 0.64 },
              style: { fill: colour, opacity: 0.35 + 0.0065 * confidence } };
          },
        },
        { type: "line", xAxisIndex: 1, yAxisIndex: 1, data: data.rows.map((row) => row[VIX]), showSymbol: data.rows.length < 3, connectNulls: false,
          lineStyle: { color: c.ink, width: 1.5 }, itemStyle: { color: c.ink }, emphasis: { disabled: true } },
      ],
    },
  };
}
