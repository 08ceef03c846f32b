// The probabilities of a recording, or of the last window of one, as a table with bars.

import { asNumber, colour, element } from "./elements.js";

export class Bars {
  constructor(model) {
    this.cells = new Map();
    const rows = model.classes.map((name, number) => this.row(name, number, model.predicts === "probabilities"));
    this.note = element("p", { className: "now" });
    const head = element("tr", {}, ...["class", "probability", "bar"].map((name) => element("th", { scope: "col" }, name)));
    this.root = element("div", {}, element("table", { className: "bars" },
      element("caption", {}, model.name), element("thead", { className: "unseen" }, head), element("tbody", {}, ...rows)), this.note);
  }

  row(name, number, isShare) {
    const value = element("td", { className: "number" }, "–");
    const bar = element("div", { className: `bar ${colour(number)}`, hidden: true });
    const row = element("tr", {}, element("th", { scope: "row" }, name), value, element("td", {}, isShare ? bar : ""));
    this.cells.set(name, { row, value, bar });
    return row;
  }

  // An answer of the server: `probabilities` and `predicted`, or a number.
  show(answer) {
    for (const [name, { row, value, bar }] of this.cells) {
      const number = answer.probabilities ? answer.probabilities[name] : answer[name];
      value.textContent = asNumber(number);
      bar.hidden = number === null;
      bar.style.width = `${100 * number}%`;
      row.className = name === answer.predicted ? "highest" : "";
    }
  }
}
