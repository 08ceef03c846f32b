// What the server says about a recording: player, charts, probabilities of the whole, downloads.

import { predict, timeline } from "./api.js";
import { Bars } from "./bars.js";
import { Chart, picture } from "./chart.js";
import { byId, element, save } from "./elements.js";
import { paintWave, peaksOf } from "./wave.js";

const MOST_WINDOWS = 300;
const LEAST_STEP_S = 0.5;
const COLUMNS = 400;

export class Result {
  constructor(file, models, gender) {
    Object.assign(this, { file, models, gender, answers: new Map(), charts: [], peaks: null, abort: new AbortController() });
    byId("file-name").textContent = file.name;
    this.player = element(file.type.startsWith("video") ? "video" : "audio", { controls: true, playsInline: true });
    this.player.src = this.address = URL.createObjectURL(file);
    byId("player").replaceChildren(this.player);
    byId("charts").replaceChildren();
    byId("whole").replaceChildren();
    byId("wave").hidden = true;
    byId("result").hidden = false;
  }

  async fill() {
    this.follow();
    await this.learnDuration();
    await this.drawWave();
    const outcomes = await Promise.allSettled(this.models.map((model) => this.ask(model)));
    const failed = outcomes.filter(({ status }) => status === "rejected");
    if (failed.length === outcomes.length || this.abort.signal.aborted) throw failed[0].reason;
  }

  // What a screen reader says when all is there.
  get summary() {
    const found = this.answered.map(({ name }) => this.answers.get(name)).filter(({ predicted }) => predicted);
    return ["Done.", ...found.map(({ model, predicted }) => `${model}: ${predicted}.`)].join(" ");
  }

  end() {
    this.abort.abort();
    this.player.pause();
    URL.revokeObjectURL(this.address);
  }

  async ask(model) {
    const bars = new Bars(model);
    byId("whole").append(bars.root);
    try {
      await this.askFor(model, bars);
    } catch (error) {
      bars.note.textContent = error.message;
      throw error;
    }
  }

  async askFor(model, bars) {
    const chart = model.window_s ? this.addChart(model) : null;
    if (!chart) bars.note.textContent = "This network reads whole clips and has no timeline.";
    const fields = { model: model.name, gender: this.gender };
    const whole = await predict(this.file, fields, this.abort.signal);
    this.answers.set(model.name, whole);
    bars.show(whole);
    if (!chart) return;
    const step = Math.min(model.window_s, Math.max(LEAST_STEP_S, this.durationS / MOST_WINDOWS));
    for await (const row of timeline(this.file, { ...fields, every_s: step }, this.abort.signal)) chart.add(row);
    chart.setTime(this.player.currentTime);
  }

  addChart(model) {
    const chart = new Chart(model.name, model.classes, (seconds) => this.seek(seconds));
    chart.setDuration(this.durationS);
    this.charts.push(chart);
    byId("charts").append(chart.root);
    return chart;
  }

  seek(seconds) {
    this.player.currentTime = seconds;
    this.showTime(seconds);
  }

  showTime(seconds) {
    for (const chart of this.charts) chart.setTime(seconds);
    if (this.peaks) paintWave(byId("wave"), this.peaks, seconds / this.durationS);
  }

  // Moves the position on with the player: at each frame while it plays, and after each jump.
  follow() {
    const step = () => {
      this.showTime(this.player.currentTime);
      if (!this.player.paused && !this.abort.signal.aborted) requestAnimationFrame(step);
    };
    this.player.addEventListener("play", step);
    this.player.addEventListener("seeked", () => this.showTime(this.player.currentTime));
  }

  // A recording of a browser does not state its length; a jump behind its end makes the browser find it.
  async learnDuration() {
    const { player } = this;
    const happens = (...names) =>
      new Promise((resolve) => names.forEach((name) => player.addEventListener(name, resolve, { once: true })));
    if (player.readyState < 1) await happens("loadedmetadata", "error");
    if (player.duration === Infinity) {
      player.currentTime = 1e9;
      await happens("seeked", "error");
      player.currentTime = 0;
    }
    this.durationS = Number.isFinite(player.duration) ? player.duration : 0;
  }

  async drawWave() {
    if (this.player.tagName === "VIDEO") return;
    const canvas = byId("wave");
    try {
      this.peaks = await peaksOf(this.file, COLUMNS);
    } catch {
      return; // a format that the browser cannot play; the server may still read it
    }
    canvas.hidden = false;
    canvas.onclick = ({ offsetX }) => this.seek((offsetX / canvas.clientWidth) * this.durationS);
    new ResizeObserver(() => this.showTime(this.player.currentTime)).observe(canvas);
  }

  get name() {
    return this.file.name.replace(/\.[^.]*$/, "");
  }

  // The columns are those of `kerasemo predict --timeline`; two models have one more, their name.
  saveCsv() {
    const isOne = this.charts.length < 2;
    const cell = (value) => (value === null ? "" : typeof value === "number" ? value.toFixed(6) : quoted(value));
    const rows = this.charts.flatMap(({ name, classes, rows: found }) => [
      ...(isOne || name === this.charts[0].name ? [["model", "time_s", ...classes]] : []),
      ...found.map((row) => [name, row.time_s, ...classes.map((each) => row.probabilities[each])]),
    ]);
    const kept = this.charts.length ? rows.map((row) => (isOne ? row.slice(1) : row)) : this.wholeRows();
    const text = kept.map((row) => `${row.map(cell).join(",")}\n`).join("");
    save(new Blob([text], { type: "text/csv" }), `${this.name}.timeline.csv`);
  }

  // The models that have answered, in the order in which they were chosen.
  get answered() {
    return this.models.filter(({ name }) => this.answers.has(name));
  }

  wholeRows() {
    return this.answered.flatMap(({ name, classes }) => {
      const answer = this.answers.get(name);
      return [["model", ...classes], [name, ...classes.map((each) => (answer.probabilities ?? answer)[each])]];
    });
  }

  saveJson() {
    const results = this.answered.map(({ name }) => ({
      ...this.answers.get(name),
      timeline: this.charts.find((chart) => chart.name === name)?.rows ?? null,
    }));
    const text = JSON.stringify({ file: this.file.name, results }, null, 2);
    save(new Blob([text], { type: "application/json" }), `${this.name}.json`);
  }

  async savePicture() {
    save(await picture(this.charts, this.file.name), `${this.name}.png`);
  }
}

function quoted(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
