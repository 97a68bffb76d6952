// A cursor that moves over the points of a chart by keyboard and says each one.

const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/** Return the position after a key, or null if the key does not move the cursor; `at` is null before the first move. */
export function moved(key, at, rows, start) {
  if (!rows) return null;
  if (key === "Home") return 0;
  if (key === "End") return rows - 1;
  if (!(key in STEPS)) return null;
  const next = at === null ? start : at + STEPS[key];
  return Math.min(Math.max(next, 0), rows - 1);
}

/** Make a figure move its cursor by keyboard. `figure` has rows(), startRow(), show(row) and hide(). */
export function addCursor(element, figure) {
  let at = null;
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      at = null;
      figure.hide();
      return;
    }
    const next = moved(event.key, at, figure.rows(), figure.startRow());
    if (next === null) return;
    event.preventDefault();
    at = next;
    figure.show(at);
  });
  element.addEventListener("blur", () => {
    at = null;
    figure.hide();
  });
}
