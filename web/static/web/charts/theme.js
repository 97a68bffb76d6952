// Colours of the page's theme, texts of axis labels, and what all charts have in common.

const NAMES = [
  "card", "sunk", "line", "line2", "grid", "ink", "ink2", "ink3", "accent", "neutral", "warning-text",
  "positive", "positive-text", "positive-part", "negative", "negative-text", "negative-part",
];
const UNITS = [[1e12, " tn"], [1e9, " bn"], [1e6, " M"], [1e3, " k"]];
const MINUS = "\u2212";

/** Return the colours of the present theme by their name in tokens.css. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Call `changed` whenever the theme of the page changes. */
export function onThemeChange(changed) {
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["class"] });
}

/** Return a fill of diagonal lines, so that puts and falling values are known without their colour. */
export function hatch(fill, line) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = tile.getContext("2d");
  pen.fillStyle = fill;
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = line;
  pen.lineWidth = 1.2;
  for (const x of [-6, 0, 6]) {
    pen.moveTo(x, 6);
    pen.lineTo(x + 6, 0);
  }
  pen.stroke();
  return { image: tile, repeat: "repeat" };
}

const channels = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));

/** Return the colour (#rrggbb) at a share from 0 to 1 of the way from one to another. */
export function mixed(from, to, share) {
  const [a, b] = [channels(from), channels(to)];
  return `#${a.map((value, n) => Math.round(value + (b[n] - value) * share).toString(16).padStart(2, "0")).join("")}`;
}

/** Return the colour of text on a fill (#rrggbb) with a contrast of at least 4.5, the theme's own where it has that. */
export function readable(fill, c) {
  const light = (colour) => channels(colour).map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, n) => sum + value * [0.2126, 0.7152, 0.0722][n], 0.05);
  const contrast = (colour) => Math.max(light(colour) / light(fill), light(fill) / light(colour));
  return [c.ink, c.card, "#ffffff", "#000000"].find((colour) => contrast(colour) >= 4.5);
}

/** Return a number with thousands separators and at most `decimals` decimals. */
export function plain(value, decimals = 0) {
  const text = Math.abs(value).toLocaleString("en-US", { maximumFractionDigits: decimals });
  return value < 0 ? MINUS + text : text;
}

/** Return dollars or contracts as a short axis label with its sign: +3 bn. */
export function short(value, sign = true) {
  const size = Math.abs(value);
  const [unit, suffix] = UNITS.find(([least]) => size >= least * 0.9995) ?? [1, ""];
  const text = (size / unit).toLocaleString("en-US", { maximumFractionDigits: 2 }) + suffix;
  if (!size) return "0";
  return value < 0 ? MINUS + text : sign ? "+" + text : text;
}

export const unsigned = (value) => short(value, false);
export const percent = (value) => `${plain(value * 100, 1)} %`;

/** Return the options of an axis of values. */
export function valueAxis(c, format, more = {}) {
  return {
    type: "value",
    scale: true,
    axisLabel: { color: c.ink2, fontSize: 11, formatter: format, hideOverlap: true },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: c.grid } },
    ...more,
  };
}

/** Return the options of an axis of texts, with the labels at which `isShown` is true. */
export function textAxis(c, texts, isShown, more = {}) {
  return {
    type: "category",
    data: texts,
    axisLabel: { color: c.ink2, fontSize: 11, interval: (place) => isShown(place), hideOverlap: true },
    axisLine: { lineStyle: { color: c.line2 }, onZero: false },
    axisTick: { show: false },
    splitLine: { show: false },
    ...more,
  };
}

/** Return the options that all charts have. `text` gives the lines of a row, `rowOf` the row of a hovered item. */
export function base(c, text, rowOf) {
  return {
    animation: false,
    textStyle: { fontFamily: "Inter, sans-serif", color: c.ink },
    tooltip: {
      trigger: "item",
      confine: true,
      transitionDuration: 0,
      backgroundColor: c.card,
      borderColor: c.line2,
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: c.ink, fontSize: 12, lineHeight: 17 },
      axisPointer: { type: "line", lineStyle: { color: c.ink3, type: "dashed" }, label: { show: false }, animation: false },
      formatter: (hovered) => {
        const row = rowOf(hovered);
        return row === null || row === undefined ? "" : text(row);
      },
    },
  };
}

/** Return a legend at the top left with the given entries. */
export function legend(c, entries) {
  return {
    top: 0, left: 0, itemWidth: 18, itemHeight: 9, itemGap: 14, selectedMode: false, icon: undefined,
    textStyle: { color: c.ink2, fontSize: 11 }, data: entries,
  };
}
