// Emotion over time: lines on a canvas, a position that mouse and keyboard change, and a table of the same numbers.

import { asNumber, colour, element } from "./elements.js";

const LEFT = 34;
const BOTTOM = 22;
const TOP = 8;
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
const STEP_S = 1;

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dash = (number) => DASHES[number % DASHES.length];

export class Chart {
  constructor(name, classes, onSeek) {
    Object.assign(this, { name, classes, onSeek, rows: [], durationS: 0, timeS: 0 });
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.plot = element("div", { className: "plot", role: "slider", tabIndex: 0 }, this.canvas);
    this.plot.setAttribute("aria-label", `Position in the recording, ${name}`);
    this.plot.setAttribute("aria-valuemin", 0);
    this.now = element("p", { className: "now" });
    this.body = element("tbody");
    this.root = element("figure", {}, element("figcaption", {}, name), this.plot, this.now, legend(classes), this.table());
    this.plot.addEventListener("click", (event) => onSeek(this.timeAt(event)));
    this.plot.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.draw()).observe(this.plot);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.setTime(0);
  }

  table() {
    const names = ["Time (s)", ...this.classes].map((name) => element("th", { scope: "col" }, name));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...names)), this.body);
    const box = element("div", { className: "scroll", tabIndex: 0, role: "region" }, table);
    box.setAttribute("aria-label", `Probabilities over time, ${this.name}`);
    return element("details", {}, element("summary", {}, "As a table"), box);
  }

  add(row) {
    this.rows.push(row);
    const cells = this.classes.map((name) => element("td", {}, asNumber(row.probabilities[name])));
    this.body.append(element("tr", {}, element("th", { scope: "row" }, row.time_s.toFixed(2)), ...cells));
    this.setDuration(Math.max(this.durationS, row.time_s));
  }

  setDuration(seconds) {
    this.durationS = seconds;
    this.plot.setAttribute("aria-valuemax", seconds.toFixed(1));
    this.draw();
  }

  setTime(seconds) {
    this.timeS = seconds;
    const row = this.rowAt(seconds);
    const values = row ? this.classes.map((name) => `${name} ${asNumber(row.probabilities[name])}`).join(", ") : "";
    this.now.textContent = row ? `${seconds.toFixed(1)} s: ${values}` : "";
    this.plot.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.plot.setAttribute("aria-valuetext", `${seconds.toFixed(1)} seconds. ${values}`);
    this.draw();
  }

  rowAt(seconds) {
    const distance = (row) => Math.abs(row.time_s - seconds);
    return this.rows.reduce((best, row) => (best && distance(best) <= distance(row) ? best : row), null);
  }

  timeAt(event) {
    const box = this.plot.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT);
    return Math.min(Math.max(share, 0), 1) * this.durationS;
  }

  onKey(event) {
    const steps = { ArrowRight: STEP_S, ArrowUp: STEP_S, ArrowLeft: -STEP_S, ArrowDown: -STEP_S, PageUp: 10, PageDown: -10 };
    const ends = { Home: 0, End: this.durationS };
    const time = event.key in steps ? this.timeS + steps[event.key] : ends[event.key];
    if (time === undefined) return;
    event.preventDefault();
    this.onSeek(Math.min(Math.max(time, 0), this.durationS));
  }

  draw() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    const scale = devicePixelRatio;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    const context = this.canvas.getContext("2d");
    context.scale(scale, scale);
    paint(context, this, width, height);
    paintPosition(context, this, width, height);
  }
}

function legend(classes) {
  const entries = classes.map((name, number) =>
    element("li", { className: `${colour(number)}${dash(number).length ? " dashed" : ""}` }, element("span"), name),
  );
  return element("ul", { className: "legend" }, ...entries);
}

// Draws the axes and the lines of a chart into a rectangle at the origin.
export function paint(context, chart, width, height) {
  const x = (seconds) => LEFT + (seconds / (chart.durationS || 1)) * (width - LEFT - 1);
  const y = (probability) => TOP + (1 - probability) * (height - TOP - BOTTOM);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = style("--quiet");
  context.strokeStyle = style("--line");
  context.lineWidth = 1;
  for (const probability of [0, 0.5, 1]) {
    line(context, [[LEFT, y(probability)], [width, y(probability)]]);
    context.fillText(probability.toString(), 4, y(probability) + 4);
  }
  const step = STEPS.find((each) => (chart.durationS / each) * 64 < width - LEFT) ?? 1200;
  for (let seconds = 0; seconds <= chart.durationS; seconds += step) {
    const label = `${seconds} s`;
    const isInside = x(seconds) + context.measureText(label).width <= width;
    if (isInside) context.fillText(label, x(seconds), height - 5);
  }
  chart.classes.forEach((name, number) => {
    context.strokeStyle = context.fillStyle = style(`--c${number % 8}`);
    context.lineWidth = 2;
    context.setLineDash(dash(number));
    for (const points of runs(chart.rows, name)) {
      line(context, points.map((row) => [x(row.time_s), y(row.probabilities[name])]));
      if (points.length === 1) context.fillRect(x(points[0].time_s) - 2, y(points[0].probabilities[name]) - 2, 4, 4);
    }
    context.setLineDash([]);
  });
}

function paintPosition(context, chart, width, height) {
  const x = LEFT + (Math.min(chart.timeS / (chart.durationS || 1), 1)) * (width - LEFT - 1);
  context.strokeStyle = style("--text");
  context.lineWidth = 2;
  line(context, [[x, TOP], [x, height - BOTTOM]]);
}

function line(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

// The parts of a line between gaps, such as silence.
function runs(rows, name) {
  const found = [[]];
  for (const row of rows) {
    if (row.probabilities[name] === null) found.push([]);
    else found.at(-1).push(row);
  }
  return found.filter((run) => run.length);
}

// One picture of all charts with their names and legends.
export function picture(charts, title) {
  const [width, height, head, key] = [1200, 320, 40, 28];
  const canvas = element("canvas", { width, height: head + charts.length * (height + head + key) });
  const context = canvas.getContext("2d");
  context.fillStyle = style("--ground");
  context.fillRect(0, 0, canvas.width, canvas.height);
  heading(context, title, 8, 26, 18);
  charts.forEach((chart, number) => {
    const top = head + number * (height + head + key);
    heading(context, chart.name, 8, top + 24, 14);
    context.save();
    context.translate(0, top + head);
    paint(context, chart, width - 12, height);
    context.translate(LEFT, height + 12);
    paintLegend(context, chart.classes);
    context.restore();
  });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function heading(context, text, x, y, size) {
  context.fillStyle = style("--text");
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.fillText(text, x, y);
}

function paintLegend(context, classes) {
  let x = 0;
  context.font = "13px system-ui, sans-serif";
  context.lineWidth = 3;
  classes.forEach((name, number) => {
    context.strokeStyle = style(`--c${number % 8}`);
    context.setLineDash(dash(number));
    line(context, [[x, 0], [x + 28, 0]]);
    context.fillStyle = style("--text");
    context.fillText(name, x + 34, 5);
    x += 58 + context.measureText(name).width;
  });
  context.setLineDash([]);
}
