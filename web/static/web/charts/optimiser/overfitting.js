// How often the best weights of one half of the sessions have each rank in the other half.

import { plain, valueAxis } from "../theme.js";

const [NAME, COUNT, SHARE] = [0, 1, 2];
const whole = (value) => `${plain(value * 100)} %`;

export function overfitting(data, { c, narrow }) {
  const { rows } = data;
  const half = rows.length / 2;
  const ends = rows.map((row) => row[NAME].split(" ")[0]);
  return {
    startRow: 0,
    rowOf: (hovered) => hovered.dataIndex,
    point: (row) => ({ seriesIndex: 0, dataIndex: row }),
    option: {
      grid: { top: 20, bottom: 40, left: 44, right: 12 },
      xAxis: {
        type: "category", data: ends, axisTick: { show: false }, axisLine: { lineStyle: { color: c.line2 } },
        name: "rank in the other half", nameLocation: "middle", nameGap: 24, nameTextStyle: { color: c.ink2, fontSize: 11 },
        axisLabel: { color: c.ink2, fontSize: 11, interval: (n) => n % (narrow ? 5 : 4) === 0, formatter: (low) => `${low} %` },
      },
      yAxis: valueAxis(c, whole, { scale: false, min: 0 }),
      series: [
        {
          type: "bar", barCategoryGap: "12%",
          data: rows.map((row, n) => ({ value: row[SHARE], itemStyle: { color: n < half ? c.negative : c.positive, opacity: row[COUNT] ? 1 : 0 } })),
          markLine: {
            silent: true, symbol: "none", animation: false, lineStyle: { color: c.ink3, type: [3, 3] },
            data: [{ xAxis: half - 0.5, label: { show: true, position: "end", color: c.ink2, fontSize: 11, formatter: "middle" } }],
          },
        },
      ],
    },
  };
}
