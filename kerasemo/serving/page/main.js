// The page: chooses models, takes a file or a recording, shows the result.

import * as api from "./api.js";
import { card } from "./card.js";
import { byId, element } from "./elements.js";
import { Live } from "./live.js";
import { recordPictures, recordSound } from "./record.js";
import { Result } from "./result.js";

const HEADER_BYTES = 44;
const reasons = {
  NotAllowedError: "the browser does not allow the recording; allow it and try again.",
  NotFoundError: "the browser finds no microphone or no camera; connect one, or choose a file.",
  SecurityError: "browsers record only on pages of this computer or with https; choose a file.",
};
let known = { models: [], limits: {} };
let result = null;
let recording = null;

async function start() {
  try {
    known = await api.models();
  } catch (error) {
    const needsToken = error.status === 401;
    byId("token-form").hidden = !needsToken;
    if (!needsToken) tell(error);
    else if (byId("token").value) tell(new Error("this is not the token of this server; ask whoever started it."));
    return;
  }
  byId("token-form").hidden = true;
  tell(null);
  const options = () => known.models.map(({ name }) => element("option", { value: name }, name));
  byId("model").replaceChildren(...options());
  byId("compare").replaceChildren(element("option", { value: "" }, "nothing"), ...options());
  byId("compare-box").hidden = known.models.length < 2;
  showModels();
}

function chosen() {
  const names = new Set([byId("model").value, byId("compare").value]);
  return [...names].flatMap((name) => known.models.filter((model) => model.name === name));
}

function showModels() {
  byId("cards").replaceChildren(...chosen().map(card));
  byId("gender-box").hidden = !chosen().some((model) => model.uses_gender);
  showRecorders();
}

// Sound alone is of no use to a network of pictures.
function showRecorders() {
  byId("microphone").hidden = !chosen().some((model) => model.media.join() === "audio");
  byId("camera").hidden = !chosen().some((model) => model.media.includes("video"));
}

function tell(error) {
  byId("status").textContent = "";
  byId("error").textContent = error ? error.message : "";
}

async function use(file) {
  result?.end();
  result = null;
  byId("result").hidden = true;
  tell(null);
  const limit = known.limits.size_bytes;
  if (file.size > limit) {
    tell(new Error(`the file is larger than ${(limit / 2 ** 20).toFixed()} MB; give a shorter or compressed recording.`));
    return;
  }
  const current = (result = new Result(file, chosen(), byId("gender").value));
  byId("status").textContent = "Working …";
  enableDownloads(false);
  try {
    await current.fill();
    byId("status").textContent = current.summary;
    enableDownloads(true);
  } catch (error) {
    if (result !== current) return; // another file has been chosen
    byId("result").hidden = true;
    tell(error);
  }
}

function enableDownloads(isReady) {
  for (const id of ["csv", "json", "picture"]) byId(id).disabled = !isReady;
  if (result) byId("picture").hidden = result.charts.length === 0;
}

async function record(begin) {
  tell(null);
  setRecording(true);
  result?.player.pause();
  const hadNoResult = byId("result").hidden;
  byId("result").hidden = true;
  try {
    if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
    recording = await begin();
    byId("status").textContent = "Recording …";
  } catch (error) {
    setRecording(false);
    byId("result").hidden = hadNoResult;
    byId("live").hidden = true;
    tell(reasons[error.name] ? new Error(reasons[error.name]) : error);
  }
}

async function microphone() {
  const live = new Live(chosen(), byId("gender").value, ["audio"]);
  let room = Infinity;
  const recorder = await recordSound((samples) => {
    live.send("audio", samples);
    room -= samples.byteLength;
    if (room < 0) stop();
  });
  const { size_bytes: size, length_s: length } = known.limits;
  room = Math.min(size - HEADER_BYTES, 2 * recorder.rate * (length - 1)) - recorder.rate;
  live.open(recorder.rate);
  return { stop: () => (live.close(), recorder.stop()) };
}

async function camera() {
  const preview = byId("preview");
  preview.hidden = false;
  const live = new Live(chosen(), byId("gender").value, ["audio", "video"]);
  let [room, largest] = [known.limits.size_bytes, 0];
  const recorder = await recordPictures(preview, {
    onSamples: (samples) => live.send("audio", samples),
    onPicture: (picture) => live.send("video", picture),
    onBytes: (size) => {
      room -= size;
      largest = Math.max(largest, size);
      if (room < 2 * largest) stop();
    },
  });
  live.open(recorder.rate);
  const timer = setTimeout(stop, 1000 * (known.limits.length_s - 1));
  return { stop: () => (clearTimeout(timer), live.close(), recorder.stop()) };
}

async function stop() {
  const ended = recording;
  recording = null;
  if (!ended) return;
  const file = await ended.stop();
  setRecording(false);
  await use(file);
}

function setRecording(isOn) {
  byId("stop").hidden = !isOn;
  if (isOn) byId("microphone").hidden = byId("camera").hidden = true;
  else showRecorders();
  if (!isOn) byId("preview").hidden = true;
  for (const id of ["model", "compare", "gender", "file"]) byId(id).disabled = isOn;
  byId(isOn ? "stop" : "microphone").focus();
}

function dropped(event) {
  event.preventDefault();
  byId("drop").classList.toggle("over", event.type === "dragover");
  const [file] = event.type === "drop" ? event.dataTransfer.files : [];
  if (file && !recording) use(file);
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  api.useToken(byId("token").value);
  start();
});
for (const id of ["model", "compare", "gender"]) {
  byId(id).addEventListener("change", () => {
    showModels();
    if (result) use(result.file);
  });
}
byId("file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (file) use(file);
});
for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, dropped);
byId("microphone").addEventListener("click", () => record(microphone));
byId("camera").addEventListener("click", () => record(camera));
byId("stop").addEventListener("click", stop);
byId("csv").addEventListener("click", () => result.saveCsv());
byId("json").addEventListener("click", () => result.saveJson());
byId("picture").addEventListener("click", () => result.savePicture());
start();
