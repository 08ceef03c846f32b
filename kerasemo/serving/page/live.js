// Answers while a recording is made: sends samples and pictures to the server, and shows each answer.

import { live } from "./api.js";
import { Bars } from "./bars.js";
import { Chart } from "./chart.js";
import { byId, element } from "./elements.js";
import { FRAME_RATE } from "./record.js";

export class Live {
  // `media` are those that are recorded; networks that need others do not answer.
  constructor(models, gender, media) {
    this.gender = gender;
    this.models = models.filter((model) => model.media.every((each) => media.includes(each)));
    byId("live-results").replaceChildren();
    byId("live").hidden = this.models.length === 0;
    this.sockets = [];
    this.waiting = [];
  }

  // What comes before a connection is open is sent when it is.
  open(rate) {
    for (const model of this.models) {
      const bars = new Bars(model);
      const chart = new Chart(model.name, model.classes, () => {});
      byId("live-results").append(element("div", {}, bars.root, chart.root));
      const socket = live({ model: model.name, gender: this.gender, rate, frame_rate: FRAME_RATE });
      const unsent = this.waiting.filter(({ medium }) => model.media.includes(medium)).map(({ data }) => data);
      socket.onopen = () => unsent.splice(0).forEach((data) => socket.send(data));
      socket.onmessage = ({ data }) => show(JSON.parse(data), bars, chart);
      socket.onclose = ({ reason }) => (bars.note.textContent = reason || "the server has ended the connection.");
      this.sockets.push({ socket, unsent, media: model.media });
    }
  }

  send(medium, data) {
    if (!this.sockets.length && this.models.length) this.waiting.push({ medium, data });
    for (const { socket, unsent, media } of this.sockets) {
      if (!media.includes(medium)) continue;
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
      else if (socket.readyState === WebSocket.CONNECTING) unsent.push(data);
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
