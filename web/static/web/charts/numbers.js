// The numbers behind a picture: as lines of a tooltip, as a table, and as an image with its heading.

const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escape = (text) => text.replace(/[&<>"]/g, (letter) => ESCAPED[letter]);

/** Return the sentence of a document, or that of the chosen view of it. */
export function sentenceOf(data, mode) {
  return data.parts.sentences?.[mode] ?? data.sentence;
}

/** Return a row as one line for people who listen: "4,500, Net +$7.8 bn, …". */
export function spoken(data, row) {
  const cells = data.cells[row];
  return cells.map((cell, n) => (n ? `${data.columns[n].heading} ${cell}` : cell)).join(", ");
}

/** Return a row as the HTML of a tooltip. */
export function tooltip(data, row) {
  const [first, ...rest] = data.cells[row];
  const lines = rest.map(
    (cell, n) => `<tr><td>${escape(data.columns[n + 1].heading)}</td><td class="num">${escape(cell)}</td></tr>`
  );
  return `<strong>${escape(first)}</strong><table class="chart-tip">${lines.join("")}</table>`;
}

/** Fill `place` with the table of all rows, the first column as headings of rows. */
export function fillTable(place, data) {
  const table = document.createElement("table");
  table.createCaption().textContent = `${data.title}, ${data.unit}`;
  const head = table.createTHead().insertRow();
  data.columns.forEach((column, n) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    if (n) cell.className = "num";
    // The cells of a fraction carry their own unit, % or pt.
    const unit = column.unit.replace(/^fraction ?/, "");
    cell.textContent = unit ? `${column.heading}, ${unit}` : column.heading;
    head.append(cell);
  });
  const body = table.createTBody();
  for (const texts of data.cells) {
    const row = body.insertRow();
    texts.forEach((text, n) => {
      const cell = document.createElement(n ? "td" : "th");
      if (n) cell.className = "num";
      else cell.scope = "row";
      cell.textContent = text;
      row.append(cell);
    });
  }
  place.replaceChildren(table);
}

/** Save the picture as PNG, with title, unit and sentence above it. */
export async function savePng(chart, data, c, mode) {
  const scale = 2;
  const image = new Image();
  image.src = chart.getDataURL({ type: "png", pixelRatio: scale, backgroundColor: c.card });
  await image.decode();
  const head = 48 * scale;
  const paper = document.createElement("canvas");
  paper.width = image.width;
  paper.height = image.height + head;
  const pen = paper.getContext("2d");
  pen.fillStyle = c.card;
  pen.fillRect(0, 0, paper.width, paper.height);
  pen.fillStyle = c.ink;
  pen.font = `600 ${13 * scale}px Inter, sans-serif`;
  pen.fillText(`${data.symbol ?? ""} ${data.title}, ${data.unit}`.trim(), 8 * scale, 18 * scale, paper.width - 16 * scale);
  pen.fillStyle = c.ink2;
  pen.font = `${12 * scale}px Inter, sans-serif`;
  pen.fillText(`${sentenceOf(data, mode)} ${data.state_text}`, 8 * scale, 38 * scale, paper.width - 16 * scale);
  pen.drawImage(image, 0, head);
  const link = document.createElement("a");
  link.download = `${[data.symbol, data.chart].filter(Boolean).join("-")}.png`;
  link.href = paper.toDataURL("image/png");
  link.click();
}
