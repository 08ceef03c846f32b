// The card of a model, with its scores for speakers that it does not know. The server has made safe HTML of the card.

import { element } from "./elements.js";

export function card(model) {
  const scores = element("table", { className: "scores" }, element("caption", {}, "With speakers held out"),
    element("tbody", {}, ...model.held_out.map(({ model: network, score, value }) =>
      element("tr", {}, element("th", { scope: "row" }, `${network}, ${score}`), element("td", {}, value)))));
  const missing = element("p", {}, "No score with speakers held out is known.");
  const text = element("div");
  text.innerHTML = model.card_html.replaceAll(/<(\/?)h([1-3])>/g, (_, end, level) => `<${end}h${Number(level) + 2}>`);
  for (const table of text.querySelectorAll("table")) {
    const box = element("div", { className: "scroll", tabIndex: 0, role: "region" });
    box.setAttribute("aria-label", `Scores of ${model.name}`);
    table.replaceWith(box);
    box.append(table);
  }
  const details = element("details", {}, element("summary", {}, "Model card"), text);
  const inputs = Object.values(model.inputs).join(", ");
  return element("article", { className: "card" }, element("h2", {}, model.name),
    element("p", {}, `Reads ${inputs}; predicts ${model.predicts}: ${model.classes.join(", ")}.`),
    model.held_out.length ? scores : missing, ...(model.card_html ? [details] : []));
}
