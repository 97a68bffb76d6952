// The strip of values above the charts of a symbol, and the badge with the state of the data.

/** Fill the cells of a strip with rows of name, value, detail and sign; a cell with a badge keeps it. */
export function fillStrip(strip, cells) {
  cells.forEach(([name, value, detail, tone], n) => {
    const cell = strip.children[n];
    cell.querySelector(".caption").textContent = name;
    const shown = cell.querySelector(".strip-value");
    if (!shown.querySelector(".badge")) shown.textContent = value;
    shown.classList.toggle("positive", n === 1 && tone === "positive");
    shown.classList.toggle("negative", n === 1 && tone === "negative");
    const below = cell.querySelector(".strip-detail");
    below.textContent = detail;
    below.className = `strip-detail secondary ${n === 0 ? tone : ""}`;
  });
}

/** Show the state of a document as a badge. */
export function showState(badge, data) {
  badge.textContent = data.state_text;
  badge.className = `badge ${{ LIVE: "good", STALE: "warn" }[data.state] ?? ""}`;
}
