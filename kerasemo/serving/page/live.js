// Answers while sound is recorded: sends samples to the server, and shows each answer.

import { live } from "./api.js";
import { Bars } from "./bars.js";
import { Chart } from "./chart.js";
import { byId } from "./elements.js";

export class Live {
  constructor(models) {
    this.models = models.filter((model) => model.live);
    byId("live-results").replaceChildren();
    byId("live").hidden = this.models.length === 0;
    this.sockets = [];
    this.waiting = [];
  }

  // Samples that come before a connection is open are sent when it is.
  open(rate) {
    for (const model of this.models) {
      const bars = new Bars(model);
      const chart = new Chart(model.name, model.classes, () => {});
      byId("live-results").append(bars.root, chart.root);
      const socket = live(model.name, rate);
      const unsent = [...this.waiting];
      socket.onopen = () => unsent.splice(0).forEach((samples) => socket.send(samples));
      socket.onmessage = ({ data }) => show(JSON.parse(data), bars, chart);
      socket.onclose = ({ reason }) => (bars.note.textContent = reason);
      this.sockets.push({ socket, unsent });
    }
  }

  send(samples) {
    if (!this.sockets.length) this.waiting.push(samples);
    for (const { socket, unsent } of this.sockets) {
      if (socket.readyState === WebSocket.OPEN) socket.send(samples);
      else if (socket.readyState === WebSocket.CONNECTING) unsent.push(samples);
    }
  }

  close() {
    for (const { socket } of this.sockets) socket.close();
    byId("live").hidden = true;
  }
}

// Each change of the highest class is written to the line that screen readers read aloud.
function show(answer, bars, chart) {
  if (answer.predicted && answer.predicted !== chart.said) {
    chart.said = answer.predicted;
    byId("status").textContent = `Recording … ${answer.model}: ${answer.predicted}`;
  }
  bars.note.textContent = answer.problem ?? `${answer.time_s.toFixed(1)} s`;
  if (answer.problem) return;
  bars.show(answer);
  if (!answer.probabilities) return;
  chart.add(answer);
  chart.setTime(answer.time_s);
}
