"use strict";
// The page is complete without this script. It sorts tables, folds rows away, opens figures large and plays clips.

function newButton(className, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.addEventListener("click", action);
  return button;
}

// Sorting: a click on the head of a column sorts the rows of each body of the table.

function valueOf(row, column) {
  const cell = row.cells[column];
  return (cell.querySelector("strong, a") ?? cell).textContent.trim().replace("−", "-");
}

function compare(one, other) {
  const empty = (one === "–") - (other === "–");
  const numeric = !isNaN(one) && !isNaN(other);
  return { empty, order: numeric ? one - other : one.localeCompare(other, undefined, { numeric: true }) };
}

function sortBody(body, column, sign) {
  const rows = [...body.rows].filter(row => row.querySelector("td"));
  const values = new Map(rows.map(row => [row, valueOf(row, column)]));
  rows.sort((a, b) => {
    const { empty, order } = compare(values.get(a), values.get(b));
    return empty || sign * order; // cells without a value stay last
  });
  body.append(...rows);
}

function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.classList.contains("scale")) return;
    const button = newButton("sort", () => {
      const direction = head.ariaSort === "ascending" ? "descending" : "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction);
      for (const body of table.tBodies) sortBody(body, column, direction === "ascending" ? 1 : -1);
    });
    button.append(...head.childNodes);
    head.append(button);
  });
  table.classList.add("sorts");
}

// Folding: rows of training and validation are shown when they are asked for.

function foldOtherRows(table) {
  const rows = table.querySelectorAll("tr.other");
  if (!rows.length) return;
  const button = newButton("fold", () => fold(!rows[0].hidden));
  function fold(folded) {
    rows.forEach(row => (row.hidden = folded));
    button.setAttribute("aria-expanded", !folded);
    button.textContent = `${folded ? "Show" : "Hide"} ${rows.length} rows of training and validation`;
  }
  fold(true);
  table.after(button);
}

// Figures: a click opens a figure large; Esc, the button or a click beside the figure closes it.

function openLarge(image, caption) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", caption);
  const close = newButton("close", () => dialog.close());
  close.textContent = "Close";
  dialog.append(close, image.cloneNode());
  dialog.addEventListener("click", event => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function makeLarge(figure) {
  const image = figure.querySelector("img");
  const button = newButton("enlarge", () => openLarge(image, figure.querySelector("figcaption").textContent));
  button.setAttribute("aria-haspopup", "dialog");
  image.replaceWith(button);
  button.append(image);
}

// Clips: the number in a cell opens the list of its clips, and the name of a clip plays it there.

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  const box = target?.closest("details");
  if (!box) return;
  box.open = true;
  target.scrollIntoView();
  target.focus();
}

function playHere(event) {
  event.preventDefault();
  const link = event.currentTarget;
  const player = document.getElementById(link.hash.slice(1)).querySelector("audio, video").cloneNode();
  link.after(player);
  link.replaceWith(link.textContent);
  player.focus();
  player.play();
}

window.addEventListener("hashchange", openTarget);
openTarget();
document.querySelectorAll("a.play").forEach(link => link.addEventListener("click", playHere));
document.querySelectorAll("table.scores, table.sortable").forEach(makeSortable);
document.querySelectorAll("table.scores, table.compare").forEach(foldOtherRows);
document.querySelectorAll("figure.picture").forEach(makeLarge);
